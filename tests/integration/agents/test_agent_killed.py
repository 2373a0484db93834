"""A process killed while its call is in flight: charged, in doubt, and asked once more at most."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from tests.servers.model_server import Asked, Reply, model_server
from tests.servers.waiting import PATIENCE

PROGRAM = [sys.executable, "-m", "tests.integration.agents.agent_process"]


class Killer:
    """Answers by killing the process that asked, as often as it is told to."""

    def __init__(self, times: int) -> None:
        self.left = times
        self.victims: SimpleQueue[subprocess.Popen[str]] = SimpleQueue()

    def __call__(self, asked: Asked) -> Any:
        victim = self.victims.get(timeout=PATIENCE)
        if self.left:
            self.left -= 1
            victim.kill()
            victim.wait()
            return Reply(drop="after")
        return "alive"


@contextmanager
def agent(killer: Killer, url: str, ledger: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([*PROGRAM, url, str(ledger), "Go."], stdout=-1, stderr=-1, text=True) as process:
        killer.victims.put(process)
        yield process


def run(killer: Killer, url: str, ledger: Path) -> tuple[str, str]:
    with agent(killer, url, ledger) as process:
        return process.communicate(timeout=PATIENCE)


def states(ledger: Path) -> list[tuple[str, int]]:
    return [(row["state"], row["sends"]) for row in json.loads(ledger.read_text(encoding="utf-8"))]


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "calls.json"


def test_killed_in_flight_the_call_is_asked_once_more(ledger: Path) -> None:
    killer = Killer(times=1)
    with model_server(killer) as server:
        run(killer, server.base_url, ledger)
        assert states(ledger) == [("sent", 1)]
        assert run(killer, server.base_url, ledger)[0] == "{'text': 'alive'}\n"
        assert run(killer, server.base_url, ledger)[0] == "{'text': 'alive'}\n"
    assert len(server.requests) == 2
    assert states(ledger) == [("settled", 2)]


def test_killed_in_flight_twice_the_call_is_never_asked_again(ledger: Path) -> None:
    killer = Killer(times=2)
    with model_server(killer) as server:
        for _ in range(2):
            run(killer, server.base_url, ledger)
        errors = run(killer, server.base_url, ledger)[1]
    assert "CallUncertain: Node plan, call 1 was sent twice" in errors
    assert len(server.requests) == 2
    assert states(ledger) == [("uncertain", 2)]
