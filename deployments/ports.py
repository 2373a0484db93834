"""Ports of the embedded stack: the last ones if they are free, so that links people kept still open."""

import json
import socket
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from deployments._files import write_atomically
from deployments.environment import LOOPBACK

PREFECT_PORT = 4200
LINKS_PORT = 4280
SPAN = 80
"""How many ports above the preferred one are tried before any free one is taken."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The two ports of a stack, both on the loopback address."""

    prefect: int
    links: int


class PortClaims:
    """Ports that stacks starting at the same time leave to this one; a server takes seconds to listen on its own.

    A claim is a name in Linux's abstract socket namespace: it reaches as far as the port does, and the kernel drops it
    with the process. Elsewhere nothing is claimed, and who is slower chooses anew.
    """

    def __init__(self) -> None:
        self._held: list[socket.socket] = []

    def take(self, port: int) -> bool:
        """Claim the port; False when another process has."""
        if sys.platform != "linux":
            return True
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0repomill/port/{port}")
        except OSError:
            claim.close()
            return False
        self._held.append(claim)
        return True

    def release(self) -> None:
        """Give every port back."""
        while self._held:
            self._held.pop().close()


def choose_ports(memory: Path, claims: PortClaims) -> Ports:
    """Claim two free ports and write them to `memory`, which also says what the last start used."""
    claims.release()
    last = _recall(memory)
    chosen = Ports(
        prefect=first_free([last.prefect, *range(PREFECT_PORT, PREFECT_PORT + SPAN)], claims),
        links=first_free([last.links, *range(LINKS_PORT, LINKS_PORT + SPAN)], claims),
    )
    write_atomically(memory, json.dumps(asdict(chosen)))
    return chosen


def first_free(candidates: Iterable[int], claims: PortClaims) -> int:
    """Return the first candidate that nobody listens on or has claimed, else any free port."""
    return next((port for port in candidates if is_free(port) and claims.take(port)), 0) or _any_free()


def is_free(port: int) -> bool:
    """Tell whether a server could listen on the port now; connections of a former server do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _any_free() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _recall(memory: Path) -> Ports:
    try:
        stored = json.loads(memory.read_text(encoding="utf-8"))
        return Ports(int(stored["prefect"]), int(stored["links"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Ports(PREFECT_PORT, LINKS_PORT)
