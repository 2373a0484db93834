"""New credentials of a host take the place of old ones only if they do what those did."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from repomill.errors import CredentialsSame, CredentialsWeaker, ExportTargetInvalid, HostAccessDenied
from repomill.publishing.credentials import GitCredentials
from repomill.publishing.exports import ExportTarget
from repomill.publishing.hosts.port import HostLogin
from tasks.publish import publish
from tasks.rotation import Uses, check_access, rotate, uses_of
from tasks.services import Services
from tests.fakes.host_exports import PATH, TOKEN, VENDORS, Rig, host_rig
from tests.fakes.stored_projects import store_project
from tests.servers.git_http import git_http_server

NEXT = "the-next-token"


@pytest.fixture(params=VENDORS)
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    with host_rig(request.param, tmp_path / "host") as running:
        running.server.tokens[NEXT] = running.server.tokens[TOKEN]
        yield running


def login(rig: Rig, token: str = NEXT) -> HostLogin:
    return HostLogin(rig.server.url, SecretStr(token))


async def exported(services: Services, folder: Path, rig: Rig) -> ExportTarget:
    stored = await store_project(services, folder)
    target = replace(rig.target(), credentials="ada")
    await publish(services, stored.project, target, None, rig.login)
    return target


async def test_a_token_that_may_do_the_same_is_good(services: Services, tmp_path: Path, rig: Rig) -> None:
    target = await exported(services, tmp_path, rig)
    assert await check_access(rig.kind, (target,), rig.login, login(rig)) == ()
    assert [*rig.server.kept] == [PATH]
    assert rig.server.heads(rig.kept) == ["main"]


async def test_a_token_that_nobody_knows_is_not(services: Services, tmp_path: Path, rig: Rig) -> None:
    target = await exported(services, tmp_path, rig)
    for targets in ((target,), ()):
        with pytest.raises(HostAccessDenied):
            await check_access(rig.kind, targets, rig.login, login(rig, "nobody-knows-it"))


async def test_a_repository_that_is_gone_is_told(services: Services, tmp_path: Path, rig: Rig) -> None:
    target = await exported(services, tmp_path, rig)
    del rig.server.kept[PATH]
    assert await check_access(rig.kind, (target,), rig.login, login(rig)) == (PATH,)


async def test_an_old_token_that_is_revoked_already_is_replaced(services: Services, tmp_path: Path, rig: Rig) -> None:
    target = await exported(services, tmp_path, rig)
    del rig.server.tokens[TOKEN]
    assert await check_access(rig.kind, (target,), rig.login, login(rig)) == ()


async def test_a_password_that_may_not_push_where_the_old_one_may_is_refused(tmp_path: Path) -> None:
    (tmp_path / "served").mkdir()
    with git_http_server(tmp_path / "served", "mill", "right") as server:
        target = ExportTarget("git", server.create("shop.git"))
        right, wrong = (GitCredentials("mill", SecretStr(text)) for text in ("right", "wrong"))
        with pytest.raises(CredentialsWeaker, match=r"shop\.git"):
            await check_access("git", (target,), right, wrong)
        assert await check_access("git", (target,), wrong, wrong) == (target.url,)
        assert await check_access("git", (target,), wrong, right) == ()


async def test_what_used_a_block_is_found(services: Services, tmp_path: Path) -> None:
    with host_rig("github", tmp_path / "host") as rig:
        target = await exported(services, tmp_path, rig)
        await exported(services, tmp_path, rig)
    assert await uses_of(services, "github", "ada") == Uses((), (target,))
    assert await uses_of(services, "gitlab", "ada") == await uses_of(services, "github", "eve") == Uses((), ())


async def test_credentials_do_not_replace_themselves(services: Services) -> None:
    with pytest.raises(CredentialsSame):
        await rotate(services, "github", "ada", "ada")
    with pytest.raises(ExportTargetInvalid, match="svn"):
        await rotate(services, "svn", "ada", "next")
