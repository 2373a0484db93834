"""A tree that its policy does not let leave: by no way in, until the policy changed, at no model cost."""

import json
from pathlib import Path

import pytest

from tests.e2e.agents import bare_repository
from tests.e2e.conftest import Models
from tests.e2e.installation import Installation
from tests.e2e.prefect_server import PrefectServer

SPEC = """\
apiVersion: repomill/v1
name: halves
inputs: {type: object, properties: {remote: {type: string, default: ""}}}
sources: {models: {kind: openai, model: small}}
nodes:
- {id: ask, type: llm, config: {source: models, prompt: "Say something.", max_tokens: 50}}
- id: write
  type: file_generation
  config:
    files:
    - {path: main.py, content: "# {{ nodes.ask.output.text }}\\n# ... rest of the code unchanged ...\\n"}
- {id: push, type: repo_creation, config: {to: git, url: "{{ inputs.remote }}"}}
edges: [{from: ask, to: write}]
"""


@pytest.fixture
def blocked(stack: PrefectServer, repomill: Installation, models: Models, tmp_path: Path) -> Path:
    """Run a workflow whose file leaves code out; return the remote that it should have been pushed to."""
    remote = bare_repository(tmp_path / "halves.git")
    spec = tmp_path / "halves.yaml"
    spec.write_text(SPEC)
    project = f"halves-{tmp_path.name}"
    done = repomill("run", spec, "--project", project, "--input", f"remote={remote.as_uri()}")
    assert done.returncode == 3, done.stderr
    assert "main.py:2" in done.stderr
    assert "repomill project release" in done.stderr
    return remote


def project_of(repomill: Installation) -> dict[str, str]:
    found: dict[str, str] = repomill.json("project", "show", "latest")
    return found


@pytest.mark.parametrize("target", ["zip:{}/a.zip", "tar.gz:{}/a.tgz", "git:{}/halves.git"])
def test_it_leaves_by_no_export(blocked: Path, repomill: Installation, target: str) -> None:
    done = repomill("project", "export", "latest", "--to", target.format(blocked.parent))
    assert (done.returncode, project_of(repomill)["status"]) == (3, "blocked")
    assert not list(blocked.parent.glob("a.*"))
    assert not list((blocked / "refs/heads").iterdir())


def test_it_is_neither_read_nor_checked_out(blocked: Path, repomill: Installation, tmp_path: Path) -> None:
    assert repomill("project", "cat", "latest", "main.py").returncode == 3
    assert repomill("project", "checkout", "latest", tmp_path / "out").returncode == 3
    assert not (tmp_path / "out").exists()


def test_it_leaves_by_no_deployment_run(blocked: Path, stack: PrefectServer, repomill: Installation) -> None:
    deployment = stack.deployment("export-repository/export")
    parameters = {"generated_project": project_of(repomill)["id"], "to": {"format": "zip"}}
    run = stack.post(f"/deployments/{deployment['id']}/create_flow_run", parameters=parameters)
    assert stack.wait_for(run["id"]) == "FAILED"


def test_it_is_released_after_the_policy_changed_and_pushed_at_no_model_cost(
    blocked: Path, repomill: Installation, models: Models, tmp_path: Path
) -> None:
    project = project_of(repomill)
    asked = len(models.requests)
    assert repomill("project", "release", project["id"]).returncode == 3
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"placeholders": "review"}))
    shown = repomill("project", "policy", project["project"], "--set", policy)
    assert json.loads(shown.stdout)["placeholders"] == "review"
    assert repomill("project", "release", project["id"]).returncode == 0
    assert repomill("execution", "resume", project["execution"]).returncode == 0
    assert list((blocked / "refs/heads").iterdir())
    assert len(models.requests) == asked > 0
