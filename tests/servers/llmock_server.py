"""llmock: a server that plays model providers, breaks on demand and judges how its clients coped.

It has an environment of its own (`make .venv-llmock/.ready`): https://pypi.org/project/llmock/
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.servers.processes import LOOPBACK, free_ports, running, wait_until_serving

LLMOCK = Path(__file__).parents[2] / ".venv-llmock" / "bin" / "llmock"


@dataclass(frozen=True, slots=True)
class Llmock:
    """The running server."""

    url: str

    def behave(self, *behaviors: dict[str, Any]) -> None:
        """Let the requests that come next be answered so, each by the first that fits it."""
        httpx.post(f"{self.url}/_llmock/scenario", json={"behaviors": behaviors}).raise_for_status()

    def forget(self) -> None:
        """Begin anew."""
        httpx.post(f"{self.url}/_llmock/reset").raise_for_status()

    def verdict(self) -> dict[str, Any]:
        """Return how often clients asked, and what they did wrong; `llmock report` prints the same."""
        return dict(httpx.get(f"{self.url}/_llmock/verdict", timeout=30).raise_for_status().json())


@contextmanager
def llmock_server(folder: Path) -> Iterator[Llmock]:
    """Run it; `folder` takes its log."""
    (port,), log = free_ports(1), folder / "llmock.log"
    # Chunks come one after the other: the server sees who stops to read at a broken one.
    options = ("--log-level", "warning", "--stream-chunk-delay-ms", "30")
    command = [str(LLMOCK), "serve", "--host", LOOPBACK, "--port", str(port), *options]
    with running(command, log) as process:
        wait_until_serving(process, port, "/_llmock/scenario", log)
        yield Llmock(f"http://{LOOPBACK}:{port}")
