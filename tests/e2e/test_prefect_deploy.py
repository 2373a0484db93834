"""The fixed deployments, put into a server by Prefect's own command."""

import shutil
import subprocess
import sys
from typing import Any

import pytest

from deployments.examples import ROOT, example_folder
from tests.e2e.installation import Installation
from tests.e2e.prefect_server import PrefectServer
from tests.servers.waiting import PATIENCE

DEPLOYMENTS = ("run-workflow/run", "generate-project/generate", "export-repository/export")


@pytest.fixture(scope="module")
def deployed(repomill: Installation, stack: PrefectServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The deployments by name, after `prefect deploy --all` without a terminal and without the embedded ones."""
    for name in DEPLOYMENTS:
        stack.send("DELETE", f"/deployments/{stack.deployment(name)['id']}").raise_for_status()
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copy(ROOT / "prefect.yaml", folder)
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "deploy", "--all"],
        cwd=folder,
        env=repomill.environment(PREFECT_API_URL=stack.api_url, PREFECT_HOME=str(folder), DO_NOT_TRACK="1"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {name: stack.deployment(name) for name in DEPLOYMENTS}


def test_deployments_name_modules_and_pull_nothing(deployed: dict[str, Any]) -> None:
    assert {found["entrypoint"].count(".py") for found in deployed.values()} == {0}
    assert {found["work_pool_name"] for found in deployed.values()} == {"repomill"}
    assert [found["pull_steps"] for found in deployed.values()] == [[], [], []]


def test_a_worker_takes_a_run_of_them(deployed: dict[str, Any], repomill: Installation, stack: PrefectServer) -> None:
    made = repomill.json("run", example_folder("library") / "workflow.yaml")
    parameters = {"generated_project": made["project"], "to": {"format": "tar.gz"}}
    path = f"/deployments/{deployed['export-repository/export']['id']}/create_flow_run"
    run = stack.post(path, parameters=parameters)
    assert stack.wait_for(run["id"]) == "COMPLETED"
    exports = repomill.json("project", "show", made["project"])["exports"]
    assert len(exports) == 2
