"""The Git server of the tests serves an ordinary Git client."""

import gzip
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote

import pytest

from repomill.publishing.git_push import GitAccess, push_tree
from repomill.publishing.targets import GitTarget
from tests.integration.publishing.conftest import PASSWORD, USERNAME
from tests.integration.publishing.projects import FILES, commit_by_a_person, details
from tests.servers.git_http import GitServer, git


async def test_a_pushed_repository_can_be_cloned(server: GitServer, access: GitAccess, tmp_path: Path) -> None:
    pushed = await push_tree(FILES, details(), GitTarget(server.create("shop.git")), access)
    url = f"http://{USERNAME}:{quote(PASSWORD, safe='')}@127.0.0.1:{server.server_port}/shop.git"
    git("clone", "--quiet", url, str(tmp_path / "clone"))
    assert git("-C", str(tmp_path / "clone"), "rev-parse", "HEAD") == pushed.commit


def test_a_compressed_request_is_understood(server: GitServer) -> None:
    server.expected = ""
    url = server.create("shop.git")
    commit = commit_by_a_person(server.folder / "shop.git")
    kind = "application/x-git-upload-pack-request"
    headers = {"Content-Type": kind, "Content-Encoding": "gzip", "Git-Protocol": "version=2"}
    body = gzip.compress(b"0014command=ls-refs\n0000")
    with urllib.request.urlopen(urllib.request.Request(f"{url}/git-upload-pack", body, headers)) as answer:
        assert f"{commit} refs/heads/main" in answer.read().decode()


def test_without_credentials_it_asks_for_them(server: GitServer) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{server.create('shop.git')}/info/refs?service=git-upload-pack")
    with caught.value as answer:
        assert (answer.code, answer.headers["WWW-Authenticate"]) == (401, 'Basic realm="git"')
