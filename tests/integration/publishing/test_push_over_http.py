"""Pushing to a Git server over HTTP that asks for credentials, refuses, breaks and moves."""

import asyncio
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from repomill.errors import RemoteMoved, RemoteRefused, RemoteUnavailable
from repomill.publishing.credentials import GitCredentials
from repomill.publishing.git_push import GitAccess, push_tree
from repomill.publishing.journal import Facts, MemoryJournal, Step
from repomill.publishing.targets import GitTarget
from repomill.trees.tree import TreeFile
from tests.integration.publishing.conftest import PASSWORD
from tests.integration.publishing.projects import (
    FILES,
    OTHER_FILES,
    commit_by_a_person,
    count_commits,
    details,
    files_at,
)
from tests.servers.git_http import GitServer, git


class Meddling(MemoryJournal):
    """Does something to the remote after the commit was made and before it is pushed."""

    def __init__(self, repository: Path) -> None:
        super().__init__()
        self.repository = repository

    async def note(self, step: Step, facts: Facts) -> None:
        await super().note(step, facts)
        if step is Step.COMMIT:
            commit_by_a_person(self.repository)


async def test_a_push_with_credentials_arrives_and_a_second_tree_follows(server: GitServer, access: GitAccess) -> None:
    target = GitTarget(server.create("shop.git"))
    first = await push_tree(FILES, details(), target, access)
    second = await push_tree(OTHER_FILES, details(OTHER_FILES), target, access)

    repository = str(server.folder / "shop.git")
    assert git("-C", repository, "rev-parse", "main", "main~1").split() == [second.commit, first.commit]
    assert git("-C", repository, "fsck", "--strict", "--full", "--no-progress") == ""
    assert {seen.git_protocol for seen in server.seen if "upload-pack" in seen.path} == {"version=2"}


async def test_following_a_commit_asks_neither_for_its_files_nor_for_its_history(
    server: GitServer, access: GitAccess
) -> None:
    target = GitTarget(server.create("shop.git"))
    await push_tree(FILES, details(), target, access)
    server.seen.clear()
    await push_tree(OTHER_FILES, details(OTHER_FILES), target, access)

    # Git would fetch missing files in the middle of the push.
    services = ["receive" if "receive-pack" in seen.path else "upload" for seen in server.seen]
    assert services == sorted(services, reverse=True)
    assert services.count("receive") == 2


async def test_a_large_push_comes_in_chunks(server: GitServer, access: GitAccess) -> None:
    content = b"".join(n.to_bytes(4, "big") * 3 + bytes([n * 7919 % 251]) for n in range(500_000))
    incompressible = TreeFile("noise.bin", bytes(b ^ (i * i >> 7) % 256 for i, b in enumerate(content[:2_500_000])))
    await push_tree([incompressible], details((incompressible,)), GitTarget(server.create("big.git")), access)

    assert [seen.chunked for seen in server.seen if seen.path.endswith("/git-receive-pack")][-1]
    assert list(files_at(str(server.folder / "big.git"), "main")) == ["noise.bin"]


@pytest.mark.parametrize(
    "credentials",
    [
        None,
        GitCredentials("mill", SecretStr("wr0ng-s3ntinel")),
        GitCredentials("somebody", SecretStr(PASSWORD)),
    ],
    ids=["none", "wrong password", "wrong user"],
)
async def test_wrong_credentials_are_refused(server: GitServer, credentials: GitCredentials | None) -> None:
    with pytest.raises(RemoteRefused, match=r"refused: authentication failed\.$"):
        await push_tree(FILES, details(), GitTarget(server.create("shop.git")), GitAccess(credentials))


async def test_a_missing_repository_is_refused(server: GitServer, access: GitAccess) -> None:
    with pytest.raises(RemoteRefused, match="no such repository"):
        await push_tree(FILES, details(), GitTarget(f"{server.url}/absent.git"), access)


async def test_a_hook_that_declines_is_quoted(server: GitServer, access: GitAccess) -> None:
    url = server.create("shop.git")
    server.hook("shop.git", "pre-receive", "echo 'Commits need a ticket number.' >&2; exit 1")

    with pytest.raises(RemoteRefused, match=r"a hook declined the push \(Commits need a ticket number\.\)\."):
        await push_tree(FILES, details(), GitTarget(url), access)
    assert git("-C", str(server.folder / "shop.git"), "for-each-ref") == ""


async def test_a_branch_that_moves_between_look_and_push_is_left_alone(server: GitServer, access: GitAccess) -> None:
    repository = server.folder / "shop.git"
    target = GitTarget(server.create("shop.git"))
    first = await push_tree(FILES, details(), target, access)
    with pytest.raises(RemoteMoved) as caught:
        await push_tree(OTHER_FILES, details(OTHER_FILES), target, access, Meddling(repository))

    assert caught.value.expected == first.commit
    assert caught.value.found == git("-C", str(repository), "rev-parse", "main")
    assert count_commits(repository) == 2


async def test_a_branch_that_appears_between_look_and_push_is_left_alone(server: GitServer, access: GitAccess) -> None:
    target = GitTarget(server.create("shop.git"))
    with pytest.raises(RemoteMoved):
        await push_tree(FILES, details(), target, access, Meddling(server.folder / "shop.git"))
    assert git("-C", str(server.folder / "shop.git"), "show", "-s", "--format=%s", "main") == "By hand"


async def test_two_exports_of_one_tree_at_once_make_one_commit(server: GitServer, access: GitAccess) -> None:
    target = GitTarget(server.create("shop.git"))
    both = await asyncio.gather(*(push_tree(FILES, details(), target, access) for _ in range(2)))

    assert both[0].commit == both[1].commit
    assert count_commits(server.folder / "shop.git") == 1


async def test_the_slower_of_two_tries_finds_the_commit_there(server: GitServer, access: GitAccess) -> None:
    target = GitTarget(server.create("shop.git"))

    class Overtaken(MemoryJournal):
        async def note(self, step: Step, facts: Facts) -> None:
            if step is Step.COMMIT:
                await push_tree(FILES, details(), target, access)

    pushed = await push_tree(FILES, details(), target, access, Overtaken())
    assert git("-C", str(server.folder / "shop.git"), "rev-parse", "main") == pushed.commit


async def test_a_push_whose_answer_was_lost_is_found_by_the_repeat(server: GitServer, access: GitAccess) -> None:
    target, journal = GitTarget(server.create("shop.git")), MemoryJournal()
    server.faults.drop_pushes = True
    with pytest.raises(RemoteUnavailable, match="the connection broke"):
        await push_tree(FILES, details(), target, access, journal)
    server.faults.drop_pushes = False

    pushed = await push_tree(FILES, details(), target, access, journal)
    assert (pushed.created, pushed.unchanged) == (True, False)
    assert count_commits(server.folder / "shop.git") == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_a_server_that_is_out_of_order_is_unavailable(server: GitServer, access: GitAccess, status: int) -> None:
    server.faults.status = status
    with pytest.raises(RemoteUnavailable, match="overloaded or broken"):
        await push_tree(FILES, details(), GitTarget(f"{server.url}/shop.git"), access)


async def test_a_forbidden_push_is_refused(server: GitServer, access: GitAccess) -> None:
    server.faults.status = 403
    with pytest.raises(RemoteRefused, match="may not do this"):
        await push_tree(FILES, details(), GitTarget(f"{server.url}/shop.git"), access)


async def test_a_port_where_nobody_listens_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(RemoteUnavailable, match="does not accept connections"):
        await push_tree(FILES, details(), GitTarget(f"http://127.0.0.1:{port}/shop.git"))


async def test_a_server_that_never_answers_times_out(access: GitAccess) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/shop.git"
        with pytest.raises(RemoteUnavailable, match="no answer within 5 s"):
            await push_tree(FILES, details(), GitTarget(url), replace(access, timeout=5))  # local commands have it, too


async def test_a_host_without_a_name_is_unavailable() -> None:
    with pytest.raises(RemoteUnavailable, match="no such host"):
        await push_tree(FILES, details(), GitTarget("http://absent.invalid/shop.git"))
