"""Exports to a Git server that asks who is there, and refuses."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.git_credentials import make_credentials
from tests.e2e.installation import Installation, run_git
from tests.e2e.prefect_server import PrefectServer
from tests.e2e.records import Records
from tests.e2e.specifications import FILES, run_fails, specify
from tests.servers.git_http import GitServer, git, git_http_server

USERNAME, PASSWORD = "mill", "s3ntinel"
OF_GIT = "/block_types/slug/repomill-git-credentials/block_documents/name"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    (folder := tmp_path / "served").mkdir()
    with git_http_server(folder, USERNAME, PASSWORD) as running:
        yield running


def push(url: str, credentials: str) -> str:
    config = f"{{to: git, url: '{url}', credentials: {credentials}}}"
    return f"  - {{id: push, type: repo_creation, config: {config}}}\nedges: [{{from: page, to: push}}]\n"


def change_password(stack: PrefectServer, name: str, password: str) -> None:
    document = stack.get(f"{OF_GIT}/{name}")
    data = {"username": USERNAME, "password": password}
    stack.send("PATCH", f"/block_documents/{document['id']}", {"data": data}).raise_for_status()


def test_a_push_that_is_refused_can_go_on_once_the_password_is_right(
    repomill: Installation, stack: PrefectServer, server: GitServer, tmp_path: Path
) -> None:
    url = server.create("shop.git")
    spec = specify(tmp_path, FILES, push(url, "shop"), name="shop")
    missing = run_fails(repomill, 3, "run", spec)
    assert "There is no credentials block 'shop'." in missing.said
    make_credentials(stack, "shop", USERNAME, "wrong")
    refused = run_fails(repomill, 3, "execution", "resume", "latest")
    assert "authentication failed" in refused.said
    change_password(stack, "shop", PASSWORD)
    done = repomill.json("execution", "resume", "latest")
    assert (done["status"], done["execution"]) == ("completed", refused.shown["id"])
    assert git("--git-dir", str(server.folder / "shop.git"), "rev-list", "--count", "main") == "1"


def test_an_export_takes_credentials_from_a_block(
    repomill: Installation, stack: PrefectServer, server: GitServer, tmp_path: Path
) -> None:
    url = server.create("tea.git")
    project = repomill.json("run", specify(tmp_path, FILES, name="tea"))["project"]
    export = ("project", "export", project, "--to", f"git:{url}", "--branch", "made")
    assert repomill(*export).returncode == 3
    nobody = repomill(*export, "--credentials", "nobody")
    assert (nobody.returncode, nobody.stdout) == (3, "")
    assert "There is no credentials block 'nobody'." in nobody.stderr
    make_credentials(stack, "tea", USERNAME, PASSWORD)
    told = repomill.json(*export, "--credentials", "tea")
    assert git("--git-dir", str(server.folder / "tea.git"), "rev-parse", "made") == told["commit"]
    kept = repomill.json("project", "show", project)
    drift = repomill.json("drift", f"git:{url}")  # with the credentials of the export
    assert (drift["head"], drift["edited"]) == (told["commit"], [])
    assert PASSWORD not in str(kept) + str(told) + str(drift)


def test_a_plan_from_the_form_is_applied_with_the_credentials_that_were_picked_there(
    repomill: Installation, stack: PrefectServer, server: GitServer, tmp_path: Path
) -> None:
    url = server.create("picked.git")
    make_credentials(stack, "picked", USERNAME, PASSWORD)
    project = repomill.json("run", specify(tmp_path, FILES, name="picked"))["project"]
    block = {"$ref": {"block_document_id": stack.get(f"{OF_GIT}/picked")["id"]}}
    parameters = {"generated_project": project, "to": {"url": url}, "credentials": block, "plan_only": True}
    deployment = stack.deployment("export-repository/export")["id"]
    run = stack.post(f"/deployments/{deployment}/create_flow_run", parameters=parameters)
    assert stack.wait_for(run["id"]) == "COMPLETED"
    [waiting] = [row for row in repomill.json("export", "list") if row["to"] == url]
    applied = repomill.json("export", "apply", waiting["export"])
    assert git("--git-dir", str(server.folder / "picked.git"), "rev-parse", "main") == applied["commit"]


def test_a_password_is_replaced_once_the_new_one_is_seen_to_work(
    repomill: Installation, stack: PrefectServer, server: GitServer, tmp_path: Path
) -> None:
    url = server.create("turn.git")
    make_credentials(stack, "turn", USERNAME, PASSWORD)
    make_credentials(stack, "turn-next", USERNAME, "wrong")
    spec = specify(tmp_path, FILES, push(url, "turn"), name="turn")
    repomill.json("workflow", "add", spec)
    repomill.json("run", spec)
    rotate = ("credentials", "rotate", "git", "turn", "turn-next")
    weaker = repomill(*rotate)
    assert (weaker.returncode, weaker.stdout) == (3, "")
    assert "may not push to" in weaker.stderr
    server.expect(USERNAME, "s3cond")
    change_password(stack, "turn-next", "s3cond")
    rotated = repomill.json(*rotate)
    assert rotated == {"block": "turn", "workflows": ["turn"], "repositories": [f"git:{url}"], "gone": []}
    assert Records(repomill.home).audited("rotate") == [{"kind": "git", "block": "turn", "by": "turn-next"}]
    assert repomill.json("run", spec)["status"] == "completed"
    assert stack.send("GET", f"{OF_GIT}/turn-next").status_code == 404


def test_a_branch_of_others_stays_and_the_run_says_so(
    repomill: Installation, stack: PrefectServer, tmp_path: Path
) -> None:
    run_git("init", "--quiet", "--initial-branch=main", str(tmp_path / "theirs"))
    author = ("-c", "user.name=A", "-c", "user.email=a@b.c")
    run_git(*author, "commit", "--quiet", "--allow-empty", "-m", "theirs", cwd=tmp_path / "theirs")
    run_git("clone", "--quiet", "--bare", "theirs", "shop.git", cwd=tmp_path)
    url = (tmp_path / "shop.git").as_uri()
    failed = run_fails(repomill, 3, "run", specify(tmp_path, FILES, push(url, "''"), name="moved"))
    assert "it has others' commits" in failed.said
    assert run_git("log", "--format=%s", "main", cwd=tmp_path / "shop.git") == "theirs\n"
    [project] = repomill.json("project", "list", "--limit", "1")
    assert (project["status"], project["execution"]) == ("completed", failed.shown["id"])
