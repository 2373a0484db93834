"""What hosts refuse, limit and break, told apart and told with the scope or the delay; and tokens that stay inside."""

from collections.abc import AsyncIterator, Iterator
from email.utils import formatdate
from pathlib import Path
from time import time

import pytest
from pydantic import SecretStr

from repomill.errors import (
    HostAccessDenied,
    HostCannot,
    HostRateLimited,
    HostRefused,
    HostUnavailable,
    RepomillError,
    Retriable,
    TokenScopeMissing,
    UserActionRequired,
)
from repomill.publishing.hosts.ensure import ensure_repository, ensure_request
from repomill.publishing.hosts.github_host import web_address
from repomill.publishing.hosts.markers import Ownership, marker_topic
from repomill.publishing.hosts.port import (
    AppLogin,
    HostLogin,
    Needs,
    RepositoryAddress,
    RepositoryHost,
    RepositorySettings,
    RequestContent,
    Visibility,
)
from repomill.publishing.hosts.registry import host_kinds
from tests.servers.git_http import git
from tests.servers.gitea_api import GiteaServer, gitea_server
from tests.servers.github_api import APP_TOKEN, GitHubServer, github_server
from tests.servers.gitlab_api import gitlab_server
from tests.servers.host_api import Fault, Given, HostServer, Token
from tests.servers.waiting import PATIENCE

TOKEN = "s3ntinel-token-of-ada"
HERE = RepositoryAddress("ada/shop")
SETTINGS = RepositorySettings(marker_topic("shop"))
SERVERS = {"github": github_server, "gitlab": gitlab_server, "gitea": gitea_server}
ALL = frozenset({"repo", "workflow", "delete_repo", "api", "read:user", "write:repository", "write:issue"})

DAY = 24 * 60 * 60


@pytest.fixture(params=[*SERVERS])
def vendor(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, HostServer]]:
    with SERVERS[request.param](tmp_path) as server:
        server.tokens[TOKEN] = Token("ada", ALL)
        server.owners |= {"ada": "User", "acme": "Organization"}
        yield request.param, server


@pytest.fixture
def server(vendor: tuple[str, HostServer]) -> HostServer:
    return vendor[1]


@pytest.fixture
async def host(vendor: tuple[str, HostServer]) -> AsyncIterator[RepositoryHost]:
    opened = connect(*vendor)
    yield opened
    await opened.close()


def connect(kind: str, server: HostServer, token: str = TOKEN) -> RepositoryHost:
    return host_kinds()[kind].connect(HostLogin(server.url, SecretStr(token), timeout=PATIENCE))


async def refusal(host: RepositoryHost) -> RepomillError:
    with pytest.raises(RepomillError) as caught:
        await host.find(HERE)
    assert TOKEN not in f"{caught.value!r} {caught.value} {caught.value.advice()} {caught.value.__cause__!r}"
    return caught.value


@pytest.mark.parametrize(
    ("given", "least", "most"),
    [
        (Given(429, {"message": "slow down"}, {"Retry-After": "7"}), 7, 7),
        (Given(403, {"message": "You have exceeded a secondary rate limit"}), 60, 60),
        (Given(403, {"message": "x"}, {"Retry-After": "30"}), 30, 30),
        (Given(429, {"message": "Too Many Requests"}), 60, 60),
        (
            Given(429, {"message": "slow down"}, {"Retry-After": formatdate(time() + 2 * DAY, usegmt=True)}),
            DAY,
            2 * DAY,
        ),
    ],
    ids=["retry-after", "secondary", "403 retry-after", "bare 429", "retry-after with a date"],
)
async def test_a_limit_says_how_long_to_wait(
    server: HostServer, host: RepositoryHost, given: Given, least: float, most: float
) -> None:
    server.api_faults.append(Fault(given=given))
    error = await refusal(host)
    assert isinstance(error, HostRateLimited)
    assert least <= error.delay <= most


async def test_a_spent_limit_waits_until_it_resets(server: HostServer, host: RepositoryHost) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time()) + 90)}
    server.api_faults.append(Fault(given=Given(403, {"message": "API rate limit exceeded"}, headers)))
    error = await refusal(host)
    assert isinstance(error, HostRateLimited)
    assert 60 < error.delay <= 90


async def test_a_spent_limit_that_just_reset_waits_no_minute(server: HostServer, host: RepositoryHost) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time()) - 1)}
    server.api_faults.append(Fault(given=Given(403, {"message": "API rate limit exceeded"}, headers)))
    error = await refusal(host)
    assert isinstance(error, HostRateLimited)
    assert error.delay == 1


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_broken_host_is_worth_a_later_try(server: HostServer, host: RepositoryHost, status: int) -> None:
    server.api_faults.append(Fault(given=Given(status, {"message": "out of order"}, {"Retry-After": "5"})))
    error = await refusal(host)
    assert isinstance(error, HostUnavailable)
    assert isinstance(error, Retriable)
    assert error.delay == 5


async def test_a_connection_that_breaks_is_worth_a_later_try(server: HostServer, host: RepositoryHost) -> None:
    server.api_faults.append(Fault(times=5))
    assert isinstance(await refusal(host), HostUnavailable)


async def test_a_token_that_is_not_known_is_refused_by_a_person(vendor: tuple[str, HostServer]) -> None:
    host = connect(*vendor, token="wrong")
    error = await refusal(host)
    assert isinstance(error, HostAccessDenied)
    assert "scope" in error.advice()
    await host.close()


async def test_a_403_names_the_scope(server: HostServer, host: RepositoryHost) -> None:
    server.api_faults.append(Fault(given=Given(403, {"message": f"Not with {TOKEN}."})))
    error = await refusal(host)
    assert isinstance(error, HostAccessDenied)
    assert "scope" in error.needed
    assert "***" in error.reason


async def test_any_other_answer_is_a_refusal_with_its_text(server: HostServer, host: RepositoryHost) -> None:
    server.api_faults.append(Fault(given=Given(422, {"message": "Bad", "errors": [{"message": "too\x1b[31m odd"}]})))
    error = await refusal(host)
    assert isinstance(error, HostRefused)
    assert "Bad too [31m odd" in str(error)


@pytest.mark.parametrize("kind", ["github", "gitlab"])
async def test_a_missing_scope_is_found_before_anything_is_done(kind: str, tmp_path: Path) -> None:
    with SERVERS[kind](tmp_path) as server:
        server.tokens[TOKEN] = Token("ada", frozenset({"read_api"}))
        host = connect(kind, server)
        with pytest.raises(TokenScopeMissing) as caught:
            await host.check_access(Needs(create=True, workflows=True))
        await host.close()
        assert ("`repo`" if kind == "github" else "`api`") in str(caught.value)
        assert "read_api" in str(caught.value)
        assert {method for method, _ in server.api_calls} == {"GET"}


async def test_gitea_names_the_scope_when_it_is_asked(tmp_path: Path) -> None:
    with gitea_server(tmp_path) as server:
        server.tokens[TOKEN] = Token("ada", frozenset({"read:user"}))
        host = connect("gitea", server)
        with pytest.raises(HostAccessDenied, match="read:repository"):
            await host.check_access(Needs())
        await host.close()


async def test_a_fine_grained_token_passes_because_github_does_not_tell(tmp_path: Path) -> None:
    with github_server(tmp_path) as server:
        server.tokens[TOKEN] = Token("ada", frozenset({"fine"}))
        host = connect("github", server)
        await host.check_access(Needs(create=True))
        await host.close()


@pytest.mark.parametrize("after", [False, True])
async def test_a_creation_that_broke_off_is_repeated_into_one_repository(
    server: HostServer, host: RepositoryHost, *, after: bool
) -> None:
    server.api_faults.append(Fault("POST", after=after))
    with pytest.raises(HostUnavailable):
        await ensure_repository(host, HERE, SETTINGS, "shop")
    again = await ensure_repository(host, HERE, SETTINGS, "shop")
    assert again.ownership is Ownership.EMPTY
    assert again.created is not after
    assert [*server.kept] == ["ada/shop"]
    assert SETTINGS.marker in server.kept["ada/shop"].topics


@pytest.mark.parametrize("after", [False, True])
async def test_a_request_that_broke_off_is_repeated_into_one(
    server: HostServer, host: RepositoryHost, *, after: bool
) -> None:
    repository = (await ensure_repository(host, HERE, SETTINGS, "shop")).repository
    two_branches(server.folder / "ada/shop.git")
    content = RequestContent("other", "main", "Generate", labels=("new",), reviewers=("acme",))
    server.api_faults.append(Fault("POST", ".*(pulls|merge_requests)", after=after))
    with pytest.raises(HostUnavailable):
        await ensure_request(host, repository, content)
    ensured = await ensure_request(host, repository, content)
    assert ensured.request.lacks(content) is None
    assert len(server.kept["ada/shop"].requests) == 1


def two_branches(place: Path) -> None:
    tree = git("-C", str(place), "mktree", "--missing")
    commit = git("-C", str(place), "-c", "user.name=a", "-c", "user.email=a@localhost", "commit-tree", tree, "-m", "x")
    for branch in ("main", "other"):
        git("-C", str(place), "update-ref", f"refs/heads/{branch}", commit)


async def test_drafts_that_a_plan_does_not_include_become_ordinary_requests(tmp_path: Path) -> None:
    with github_server(tmp_path) as server:
        server.tokens[TOKEN], server.owners["ada"], server.drafts = Token("ada", ALL), "User", False
        host = connect("github", server)
        repository = (await ensure_repository(host, HERE, SETTINGS, "shop")).repository
        two_branches(tmp_path / "ada/shop.git")
        made = await ensure_request(host, repository, RequestContent("other", "main", "Generate", draft=True))
        await host.close()
        assert not made.request.draft


async def test_an_older_gitea_is_asked_for_topics(tmp_path: Path) -> None:
    with gitea_server(tmp_path) as server:
        assert isinstance(server, GiteaServer)
        server.tokens[TOKEN], server.old = Token("ada", ALL), True
        host = connect("gitea", server)
        await ensure_repository(host, HERE, SETTINGS, "shop")
        found = await host.find(HERE)
        with pytest.raises(HostCannot, match="internal"):
            await host.create(HERE, RepositorySettings("m", visibility=Visibility.INTERNAL))
        await host.close()
        assert found
        assert found.topics == {SETTINGS.marker}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[tuple[GitHubServer, HostLogin]]:
    from cryptography.hazmat.primitives import serialization as as_text
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048)
    plain = (as_text.PrivateFormat.PKCS8, as_text.NoEncryption())
    private = key.private_bytes(as_text.Encoding.PEM, *plain).decode()
    public = key.public_key().public_bytes(as_text.Encoding.PEM, as_text.PublicFormat.SubjectPublicKeyInfo)
    with github_server(tmp_path) as server:
        server.app_key, server.owners["acme"] = public.decode(), "Organization"
        yield server, HostLogin(server.url, app=AppLogin("12345", 7, SecretStr(private)), timeout=PATIENCE)


async def test_an_app_works_with_tokens_of_its_installation(app: tuple[GitHubServer, HostLogin]) -> None:
    server, login = app
    server.app_permissions = {"contents": "write", "administration": "write"}
    host = host_kinds()["github"].connect(login)
    await host.check_access(Needs(create=True))
    made = await ensure_repository(host, RepositoryAddress("acme/shop"), SETTINGS, "shop")
    credentials = await host.git_credentials()
    await host.close()
    assert made.created
    assert credentials
    assert (credentials.username, credentials.password.get_secret_value()) == ("x-access-token", APP_TOKEN)


async def test_a_permission_that_an_app_lacks_is_named(app: tuple[GitHubServer, HostLogin]) -> None:
    server, login = app
    server.app_permissions = {"contents": "write"}
    host = host_kinds()["github"].connect(login)
    with pytest.raises(TokenScopeMissing, match="pull_requests: write"):
        await host.check_access(Needs(requests=True))
    await host.close()


async def test_an_app_key_that_is_not_accepted_is_for_a_person(app: tuple[GitHubServer, HostLogin]) -> None:
    server, login = app
    server.api_faults.append(Fault(path="/app/.*", given=Given(401, {"message": "bad"}), times=9))
    host = host_kinds()["github"].connect(login)
    for asked in (host.find(HERE), host.git_credentials()):
        with pytest.raises(UserActionRequired):
            await asked
    await host.close()


@pytest.mark.parametrize(
    ("url", "web"),
    [
        ("", "https://github.com"),
        ("https://api.github.com/", "https://github.com"),
        ("https://git.acme.example/api/v3", "https://git.acme.example"),
        ("https://git.acme.example/", "https://git.acme.example"),
    ],
)
def test_github_is_found_from_either_address(url: str, web: str) -> None:
    assert web_address(url) == web
