"""Runs on a worker that end without a word: nobody waits for them, and they go on by themselves."""

import json
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.e2e.agents import asked, bare_repository, holding, next_execution, run_arguments
from tests.e2e.conftest import Models
from tests.e2e.installation import Installation, run_git
from tests.e2e.prefect_server import PrefectServer
from tests.e2e.records import Records
from tests.e2e.test_cancel import owner
from tests.servers.waiting import PATIENCE, wait_until

RECOVERY = 2 * PATIENCE
"""Seconds until what was lost is found and has gone on to its end, in processes that start one after the other."""

Loss = Callable[[Path, int], None]


def of_the_run(_: Path, run: int) -> None:
    """The process above it sees that, and says that the flow run crashed."""
    psutil.Process(run).kill()


def of_worker_and_run(home: Path, run: int) -> None:
    """Nobody is left to say it: for Prefect the flow run goes on."""
    parts = json.loads((home / "stack.json").read_text(encoding="utf-8"))["parts"]
    worker = psutil.Process(parts["worker"]["pid"])
    below = worker.children(recursive=True)
    assert run in {process.pid for process in below}
    for process in (worker, *below):
        process.kill()


@pytest.mark.parametrize("loss", [of_the_run, of_worker_and_run])
def test_a_run_that_is_lost_goes_on_by_itself(
    loss: Loss, repomill: Installation, stack: PrefectServer, models: Models, tmp_path: Path
) -> None:
    records, remote = Records(repomill.home), bare_repository(tmp_path / "remote.git")
    before = records.newest_execution()
    with holding(models, ["review"]), repomill.start(*run_arguments(remote), "--deployment") as run:
        execution = next_execution(records, before)
        wait_until(lambda: asked(models)["review"])
        committed = records.committed_calls(execution)
        loss(repomill.home, owner(repomill.json("execution", "show", execution)))
        assert run.wait() == 1
        assert "ended as Crashed, before its execution did" in run.output
    wait_until(lambda: "execution.completed" in records.events(execution), RECOVERY)
    shown = repomill.json("execution", "show", execution)
    assert [attempt["outcome"] for attempt in shown["attempts"]] == ["lost", "completed"]
    assert {asked(models)[node] for node in committed} == {1}
    assert asked(models)["review"] == 2
    assert run_git("--git-dir", str(remote), "rev-list", "--count", "main").strip() == "1"
