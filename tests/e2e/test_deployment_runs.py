"""Runs that others start: through the Prefect API, on the embedded worker."""

from pathlib import Path
from typing import Any

import pytest

from deployments.examples import example_folder
from tests.e2e.agents import WORKFLOW, answer, asked, bare_repository
from tests.e2e.conftest import Models
from tests.e2e.installation import Installation
from tests.e2e.prefect_server import PrefectServer


@pytest.fixture(scope="module")
def deployment(repomill: Installation, stack: PrefectServer) -> Any:
    """The Prefect deployment of a workflow that was added."""
    added = repomill.json("workflow", "add", WORKFLOW)
    return stack.deployment(added["deployment"])


def test_the_form_is_the_workflows_own_inputs(deployment: Any) -> None:
    schema = deployment["parameter_openapi_schema"]
    assert deployment["enforce_parameter_schema"]
    assert schema["required"] == ["inputs"]
    inputs = schema["properties"]["inputs"]
    assert list(inputs["properties"]) == inputs["required"] == ["remote_url"]
    assert inputs["properties"]["remote_url"]["title"] == "Git remote"


def test_a_run_started_through_the_api_makes_the_project(
    deployment: Any, repomill: Installation, stack: PrefectServer, models: Models, tmp_path: Path
) -> None:
    models.answer_with(answer)
    remote = bare_repository(tmp_path / "remote.git")
    parameters = {"inputs": {"remote_url": remote.as_uri()}}
    run = stack.post(f"/deployments/{deployment['id']}/create_flow_run", parameters=parameters)
    assert stack.wait_for(run["id"]) == "COMPLETED"
    execution = repomill.json("execution", "show", "latest")
    assert (execution["status"], execution["attempts"][0]["flow_run"]) == ("completed", run["id"])
    assert sum(asked(models).values()) == 5
    made = repomill.json("project", "show", "latest")["tree"]
    assert repomill.json("run", "agents", "--input", f"remote_url={remote.as_uri()}")["tree"] == made


@pytest.mark.parametrize(
    "inputs", [{}, {"remote_url": 7}, {"remote_url": "file:///x.git", "unknown": 1}], ids=["missing", "type", "unknown"]
)
def test_bad_inputs_are_refused_and_start_nothing(deployment: Any, stack: PrefectServer, inputs: Any) -> None:
    def count() -> Any:
        return stack.post("/flow_runs/count", deployments={"id": {"any_": [deployment["id"]]}})

    before = count()
    path = f"/deployments/{deployment['id']}/create_flow_run"
    assert stack.send("POST", path, {"parameters": {"inputs": inputs}}).status_code == 409
    assert count() == before


def test_a_caller_who_names_no_inputs_gets_the_defaults(repomill: Installation, stack: PrefectServer) -> None:
    added = repomill.json("workflow", "add", example_folder("library") / "workflow.yaml")
    run = stack.post(f"/deployments/{stack.deployment(added['deployment'])['id']}/create_flow_run")
    assert stack.wait_for(run["id"]) == "COMPLETED"


def test_a_run_on_the_worker_is_followed_to_its_end(
    repomill: Installation, stack: PrefectServer, models: Models, tmp_path: Path
) -> None:
    models.answer_with(answer)
    remote = bare_repository(tmp_path / "remote.git")
    done = repomill("run", WORKFLOW, "--input", f"remote_url={remote.as_uri()}", "--deployment")
    assert done.returncode == 0, done.stderr
    assert "execution completed" in done.stderr
    assert "completed" in done.stdout
