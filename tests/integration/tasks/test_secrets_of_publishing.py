"""What a Git host is given stays out of what it is given it for."""

import base64
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from repomill.errors import TreeBlocked
from repomill.publishing.credentials import GitCredentials
from repomill.publishing.exports import ExportTarget
from repomill.trees.policy import Finding, Verdict
from repomill.trees.tree import TreeFile
from repomill.workflow.spec import WorkflowSpec
from storage.database.work import Work
from tasks.publish import publish
from tasks.publishing_secrets import publishing_secrets
from tasks.release import release
from tasks.services import Services
from tests.fakes.stored_projects import admitted, owned, store_project, stored_tree
from tests.servers.git_http import git

CREDENTIALS = GitCredentials("mill", SecretStr("open-sesame-please"))
BASIC = base64.b64encode(b"mill:open-sesame-please")


@pytest.mark.parametrize(
    "file",
    [
        TreeFile("notes.txt", b"it is open-sesame-please\n"),
        TreeFile(".npmrc", b"_auth=" + BASIC),
        TreeFile("open-sesame-please.md", b""),
    ],
    ids=["plain", "as HTTP sends it", "in a name"],
)
async def test_a_tree_that_holds_the_password_is_not_pushed(services: Services, tmp_path: Path, file: TreeFile) -> None:
    stored = await store_project(services, tmp_path, [file])
    remote = tmp_path / "remote.git"
    git("init", "--quiet", "--bare", str(remote))
    with pytest.raises(TreeBlocked) as caught:
        await publish(services, stored.project, ExportTarget("git", remote.as_uri()), None, CREDENTIALS)
    assert "open-sesame-please" not in str(caught.value)
    assert git("--git-dir", str(remote), "for-each-ref") == ""


async def test_a_tree_without_it_is_pushed(services: Services, tmp_path: Path) -> None:
    stored = await store_project(services, tmp_path)
    git("init", "--quiet", "--bare", str(tmp_path / "remote.git"))
    target = ExportTarget("git", (tmp_path / "remote.git").as_uri())
    assert (await publish(services, stored.project, target, None, CREDENTIALS)).commit


@pytest.mark.parametrize(
    "config",
    [
        {"to": "zip"},
        {"to": "git", "url": "file:///x"},
        {"to": "git", "url": "file:///x", "credentials": "{{ inputs.name }}"},
    ],
)
async def test_no_block_is_asked_for_that_no_node_names(config: dict[str, Any]) -> None:
    node = {"id": "push", "type": "repo_creation", "config": config}
    spec = WorkflowSpec.model_validate({"apiVersion": "repomill/v1", "name": "tea", "nodes": [node]})
    assert await publishing_secrets(spec) == ()


async def test_a_secret_of_the_run_keeps_a_tree_blocked_whoever_looks_again(services: Services, tmp_path: Path) -> None:
    tree = await stored_tree(services, [TreeFile("a.txt", b"a key of some source\n")])
    lease = await owned(services, await admitted(services, tmp_path))
    found = Finding("known_secret", "a.txt", 1, "Holds a secret.", "block")

    def block(work: Work) -> None:
        project = work.generated_projects.open(lease, services.store.name)
        work.generated_projects.generating(lease, project.id)
        work.generated_projects.block(lease, project.id, tree, "no", Verdict((found,), True, False).to_json())

    await services.database.run(services.scope, block)
    with pytest.raises(TreeBlocked, match=r"a\.txt:1"):
        await release(services, "latest")
