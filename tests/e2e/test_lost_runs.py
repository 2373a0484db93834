"""Runs on a worker that end without a word."""

import os
import signal
from pathlib import Path

from tests.e2e.agents import asked, bare_repository, holding, next_execution, run_arguments
from tests.e2e.conftest import Models
from tests.e2e.installation import Installation
from tests.e2e.prefect_server import PrefectServer
from tests.e2e.records import Records
from tests.e2e.test_cancel import owner
from tests.servers.waiting import wait_until


def test_a_command_does_not_wait_for_a_worker_that_was_killed(
    repomill: Installation, stack: PrefectServer, models: Models, tmp_path: Path
) -> None:
    records, remote = Records(repomill.home), bare_repository(tmp_path / "remote.git")
    before = records.newest_execution()
    with holding(models, ["review"]), repomill.start(*run_arguments(remote), "--deployment") as run:
        execution = next_execution(records, before)
        wait_until(lambda: asked(models)["review"], 60)
        os.kill(owner(repomill.json("execution", "show", execution)), signal.SIGKILL)
        assert run.wait() == 1
        assert "ended as Crashed, before its execution did" in run.output
    assert repomill.json("execution", "resume", execution)["status"] == "completed"
