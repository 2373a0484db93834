"""Runs that are stopped: by the Prefect API, by the command, by Ctrl-C. What was paid for is there when they go on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.e2e.agents import BOUND, asked, bare_repository, holding, next_execution, run_arguments
from tests.e2e.conftest import Models
from tests.e2e.installation import Installation
from tests.e2e.prefect_server import PrefectServer
from tests.e2e.records import Records
from tests.servers.waiting import wait_until

Stop = Callable[[Installation, PrefectServer, Any], None]


def through_the_api(_: Installation, stack: PrefectServer, shown: Any) -> None:
    flow_run = shown["attempts"][-1]["flow_run"]
    stack.post(f"/flow_runs/{flow_run}/set_state", state={"type": "CANCELLING"})


def by_the_command(repomill: Installation, _: PrefectServer, shown: Any) -> None:
    assert repomill("execution", "cancel", shown["id"]).returncode == 0


def owner(shown: Any) -> int:
    """Return the process id of the one who works on an execution."""
    return int(shown["attempts"][-1]["owner"].split(":")[1])


def statuses(shown: Any) -> dict[str, str]:
    return {node["node"]: node["status"] for node in shown["nodes"]}


def check_resumed(repomill: Installation, models: Models, execution: object) -> None:
    """Resume what was stopped while `review` waited for its answer."""
    done = repomill.json("execution", "resume", execution)
    assert done["status"] == "completed"
    assert asked(models) == {"plan": 1, "left": 1, "right": 1, "review": 2, "tests": 1}


@pytest.mark.parametrize("stop", [through_the_api, by_the_command])
def test_a_cancelled_run_on_the_worker_ends_and_can_go_on(
    stop: Stop, repomill: Installation, stack: PrefectServer, models: Models, tmp_path: Path
) -> None:
    records, remote = Records(repomill.home), bare_repository(tmp_path / "remote.git")
    before = records.newest_execution()
    with holding(models, ["review"]):
        with repomill.start(*run_arguments(remote), "--deployment") as run:
            execution = next_execution(records, before)
            wait_until(lambda: asked(models)["review"], BOUND)
            running = repomill.json("execution", "show", execution)
            stop(repomill, stack, running)
            assert run.wait() != 0
        wait_until(lambda: not psutil.pid_exists(owner(running)))
        assert stack.wait_for(running["attempts"][-1]["flow_run"]) == "CANCELLED"
        stopped = repomill.json("execution", "show", execution)
        assert stopped["status"] == "cancelled"
        assert {statuses(stopped)[node] for node in ("review", "tests", "archive", "push")} == {"cancelled"}
    check_resumed(repomill, models, execution)


def test_ctrl_c_stops_a_run_that_can_go_on(
    repomill: Installation, stack: PrefectServer, models: Models, tmp_path: Path
) -> None:
    records, remote = Records(repomill.home), bare_repository(tmp_path / "remote.git")
    before = records.newest_execution()
    with holding(models, ["review"]), repomill.start(*run_arguments(remote)) as run:
        execution = next_execution(records, before)
        wait_until(lambda: asked(models)["review"], BOUND)
        run.interrupt()
        assert run.wait() == 1
        assert "Traceback" not in run.output
        assert f"repomill execution resume {execution}" in run.output
        stopped = repomill.json("execution", "show", execution)
        assert stopped["status"] == "cancelled"
        assert stack.state(stopped["attempts"][-1]["flow_run"]) == "CANCELLED"
    check_resumed(repomill, models, execution)
