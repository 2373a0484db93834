"""The workflow of five agents: how it is run, which agent asked the model server, and who is kept waiting."""

import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.e2e.conftest import Models
from tests.e2e.installation import run_git
from tests.e2e.records import Records
from tests.servers.model_server import Asked
from tests.servers.waiting import PATIENCE, wait_until

WORKFLOW = Path(__file__).parent / "workflows" / "agents.yaml"
BOUND = PATIENCE
"""Seconds until a run has come to a point, on a busy machine."""

AGENTS = ("plan", "left", "right", "review", "tests")


def agent(asked: Asked) -> str:
    """Return the node that asks: each prompt starts with it."""
    found = re.search(r"\[(\w+)\]", asked.prompt)
    assert found, asked.prompt
    return found[1]


def asked(models: Models) -> Counter[str]:
    """Count the requests of each node so far."""
    return Counter(agent(request) for request in models.requests)


def answer(request: Asked) -> Any:
    """Answer as the node wants it; always the same."""
    node = agent(request)
    if request.schema is None:
        return f"Answer of {node}."
    return {"files": [{"path": f"{node}.py", "content": f"NAME = {node!r}\n"}], "notes": f"Notes of {node}."}


@contextmanager
def holding(models: Models, nodes: Iterable[str]) -> Iterator[None]:
    """Answer all nodes but these, whose requests wait until the block ends and then answer too late."""
    held, over = frozenset(nodes), threading.Event()

    def answer_or_wait(request: Asked) -> Any:
        if agent(request) in held:
            over.wait()
        return answer(request)

    models.answer_with(answer_or_wait)
    try:
        yield
    finally:
        models.answer_with(answer)
        over.set()


def bare_repository(folder: Path) -> Path:
    """Make an empty repository to push to."""
    run_git("init", "--quiet", "--bare", "--initial-branch=main", str(folder))
    return folder


def next_execution(records: Records, before: UUID | None) -> UUID:
    """Return the execution that is written after `before`, as soon as it runs."""

    def found() -> UUID | None:
        newest = records.newest_execution()
        return newest if newest and newest != before and "execution.started" in records.events(newest) else None

    wait_until(found, BOUND)
    execution = found()
    assert execution is not None
    return execution


def run_arguments(remote: Path) -> tuple[str, ...]:
    """Return the command that runs the workflow and pushes to the remote."""
    return ("run", str(WORKFLOW), "--input", f"remote_url={remote.as_uri()}")
