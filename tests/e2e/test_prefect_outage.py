"""A Prefect server that is killed while a run goes on; the supervisor starts it again."""

import json
from pathlib import Path

import httpx
import psutil

from tests.e2e.agents import AGENTS, BOUND, asked, bare_repository, holding, run_arguments
from tests.e2e.conftest import Models
from tests.e2e.installation import Installation, run_git
from tests.e2e.prefect_server import PrefectServer
from tests.servers.waiting import wait_until


def server_process(repomill: Installation) -> int:
    state = json.loads((repomill.home / "stack.json").read_text(encoding="utf-8"))
    return int(state["parts"]["Prefect server"]["pid"])


def answers(stack: PrefectServer) -> bool:
    try:
        return stack.send("GET", "/health").status_code == 200
    except httpx.TransportError:
        return False


def test_a_run_survives_a_restart_of_the_prefect_server(
    repomill: Installation, stack: PrefectServer, models: Models, tmp_path: Path
) -> None:
    remote = bare_repository(tmp_path / "remote.git")
    with repomill.start(*run_arguments(remote)) as run:
        with holding(models, ["review"]):
            wait_until(lambda: asked(models)["review"] or run.has_ended(), BOUND)
            assert not run.has_ended(), run.output
            before = server_process(repomill)
            psutil.Process(before).kill()
            wait_until(lambda: server_process(repomill) != before and answers(stack), BOUND)
        code, output = run.wait(), run.output
    assert "Traceback" not in output
    if code:
        assert "repomill execution resume" in output
        repomill.json("execution", "resume", "latest")
    assert repomill.json("execution", "show", "latest")["status"] == "completed"
    assert asked(models) == dict.fromkeys(AGENTS, 1)
    assert run_git("--git-dir", str(remote), "rev-list", "--count", "main").strip() == "1"
