"""A tree that its policy does not let leave: by no way in, until the policy changed, at no model cost."""

import itertools
import json
from pathlib import Path

import pytest

from tests.e2e.agents import bare_repository
from tests.e2e.conftest import Models
from tests.e2e.git_credentials import make_credentials
from tests.e2e.installation import Installation
from tests.e2e.prefect_server import PrefectServer
from tests.fakes.secret_samples import Samples
from tests.servers.waiting import wait_until

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


EXPORTS = ("zip:{}/out/a", "tar:{}/out/b", "tar.gz:{}/out/c", "tar.zst:{}/out/d", "git:{}/halves.git")
DEPLOYED = (
    {"format": "zip"},
    {"format": "tar.zst"},
    {"url": "file://{}/halves.git"},
    {"host_kind": "github", "owner": "ada", "name": "halves"},
)


def test_it_leaves_by_no_command(blocked: Path, repomill: Installation) -> None:
    for target in EXPORTS:
        assert repomill("project", "export", "latest", "--to", target.format(blocked.parent)).returncode == 3
    assert repomill("project", "cat", "latest", "main.py").returncode == 3
    assert repomill("project", "checkout", "latest", blocked.parent / "out" / "e").returncode == 3
    assert project_of(repomill)["status"] == "blocked"
    assert not list((blocked.parent / "out").glob("*"))
    assert not list((blocked / "refs/heads").iterdir())


def told_as_blocked(stack: PrefectServer, project: str) -> set[str]:
    """Return the kinds of targets that Prefect was told of."""
    resource = {"id": [f"repomill.generated-project.{project}"]}
    only = {"event": {"name": ["repomill.export.blocked"]}, "resource": resource}
    return {event["payload"]["kind"] for event in stack.post("/events/filter", filter=only)["events"]}


def test_it_leaves_by_no_deployment_run(blocked: Path, stack: PrefectServer, repomill: Installation) -> None:
    deployment = stack.deployment("export-repository/export")
    project, runs = project_of(repomill)["id"], []
    for to, plan_only in itertools.product(DEPLOYED, (False, True)):
        filled = {name: value.format(blocked.parent) for name, value in to.items()}
        parameters = {"generated_project": project, "to": filled, "plan_only": plan_only}
        runs.append(stack.post(f"/deployments/{deployment['id']}/create_flow_run", parameters=parameters)["id"])
    assert {stack.wait_for(run) for run in runs} == {"FAILED"}
    wait_until(lambda: {"github", "git", "zip"} <= told_as_blocked(stack, project))
    assert not list((blocked / "refs/heads").iterdir())


WITH_SECRETS = """\
apiVersion: repomill/v1
name: leaky
inputs: {{type: object, properties: {{token: {{type: string}}, password: {{type: string}}, remote: {{type: string}}}}}}
nodes:
- id: write
  type: file_generation
  config:
    files:
    - {{path: {path}, content: "key: {{{{ inputs.{secret} }}}}\\n"}}
- {{id: archive, type: repo_creation, config: {{to: zip}}}}
- {{id: push, type: repo_creation, config: {{to: git, url: "{{{{ inputs.remote }}}}", credentials: {credentials}}}}}
edges: []
"""


@pytest.mark.parametrize("secret", ["token", "password"])
def test_a_planted_secret_stays_where_it_is(
    stack: PrefectServer, repomill: Installation, tmp_path: Path, secret: str
) -> None:
    """A token has a shape of its own; the password of the Git host is known because a node is going to use it."""
    remote = bare_repository(tmp_path / "leaky.git")
    secrets = {"token": Samples().github_token(), "password": "open sesame & more"}
    make_credentials(stack, f"host-{secret}", "mill", secrets["password"])
    spec = tmp_path / "leaky.yaml"
    spec.write_text(WITH_SECRETS.format(path="config.yaml", secret=secret, credentials=f"host-{secret}"))
    inputs = [f"--input={name}={value}" for name, value in (secrets | {"remote": remote.as_uri()}).items()]
    done = repomill("run", spec, "--project", f"leaky-{tmp_path.name}", *inputs)
    assert (done.returncode, project_of(repomill)["status"]) == (3, "blocked")
    assert secrets[secret] not in done.stdout + done.stderr
    for target in EXPORTS[:-1]:
        assert repomill("project", "export", "latest", "--to", target.format(tmp_path)).returncode == 3
    assert repomill("project", "release", "latest").returncode == 3
    assert not list((tmp_path / "out").glob("*"))
    assert not list((remote / "refs/heads").iterdir())


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
