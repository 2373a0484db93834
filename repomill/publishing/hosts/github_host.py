"""GitHub: github.com and Enterprise, with a personal token or as an installation of an App."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import quote, urlsplit

from pydantic import SecretStr

from repomill.errors import HostRefused, RepositoryNameTaken, TokenScopeMissing
from repomill.publishing.credentials import GitCredentials
from repomill.publishing.hosts._answers import Asked
from repomill.publishing.hosts._api import Api, Call, Data
from repomill.publishing.hosts._github_transport import GitHubTransport
from repomill.publishing.hosts._names import NameRules
from repomill.publishing.hosts.kinds import HostKind
from repomill.publishing.hosts.port import (
    ChangeRequest,
    Feature,
    HostLogin,
    Needs,
    Protection,
    Repository,
    RepositoryAddress,
    RepositorySettings,
    RequestContent,
    Visibility,
)

_SCOPE: Final = "the scope `repo`, or for a fine-grained token or an App the permissions"


class GitHubHost:
    """Adapter for GitHub."""

    kind = "github"
    features: Collection[Feature] = frozenset(Feature)

    def __init__(self, login: HostLogin) -> None:
        self._web = web_address(login.url)
        self.label = urlsplit(self._web).netloc
        api = "https://api.github.com" if self.label == "github.com" else f"{self._web}/api/v3"
        self._transport = GitHubTransport(self.label, api, login)
        self._login = login
        self._api = Api(self._transport, login.secrets())

    async def check_access(self, needs: Needs) -> None:
        """Compare scopes (classic tokens) or permissions (Apps); of a fine-grained token GitHub tells nothing."""
        permissions = await asyncio.to_thread(self._transport.permissions)
        if permissions is not None:
            return self._check_permissions(permissions, needs)
        reply = await self._api.reply(self._asked("be used", "a new token"), Call("GET", "/user"))
        told = reply.headers.get("x-oauth-scopes")
        if told is not None:
            self._check_scopes({scope.strip() for scope in told.split(",") if scope.strip()}, needs)
        return None

    async def git_credentials(self) -> GitCredentials:
        token = await asyncio.to_thread(self._transport.token)
        return GitCredentials("x-access-token", SecretStr(token))

    async def find(self, address: RepositoryAddress) -> Repository | None:
        asked = self._asked("see repositories", f"{_SCOPE} Metadata: read")
        found = await self._api.find(asked, Call("GET", f"/repos/{address.path}"))
        return self._repository(found) if found else None

    async def create(self, address: RepositoryAddress, settings: RepositorySettings) -> Repository:
        needed = f"{_SCOPE} Administration: write"
        asked = self._asked(f"make repositories in {address.owner}", needed, address.path)
        made = await self._api.ask(asked, await self._creation(address, settings))
        repository = self._repository(made)
        await self.set_topics(repository, settings.all_topics)
        return repository

    async def set_topics(self, repository: Repository, topics: Collection[str]) -> None:
        asked = self._asked("set topics", f"{_SCOPE} Administration: write")
        await self._api.ask(asked, Call("PUT", f"{repository.key}/topics", {"names": list(topics)}))

    async def set_default_branch(self, repository: Repository, branch: str) -> None:
        asked = self._asked("set the default branch", f"{_SCOPE} Administration: write")
        await self._api.ask(asked, Call("PATCH", repository.key, {"default_branch": branch}))

    async def delete(self, repository: Repository) -> None:
        asked = self._asked("delete repositories", "the scope `delete_repo`")
        await self._api.find(asked, Call("DELETE", repository.key))

    async def protect(self, repository: Repository, branch: str, protection: Protection) -> bool:
        asked = self._asked("protect branches", f"{_SCOPE} Administration: write")
        path = f"{repository.key}/branches/{quote(branch, safe='')}/protection"
        if await self._api.find(asked, Call("GET", path)):
            return False
        rules: Mapping[str, object] = {
            "required_status_checks": None,
            "enforce_admins": False,
            "required_pull_request_reviews": {"required_approving_review_count": protection.approvals},
            "restrictions": None,
            "allow_force_pushes": False,
        }
        await self._api.ask(asked, Call("PUT", path, rules))
        return True

    async def open_requests(self, repository: Repository, head: str) -> list[ChangeRequest]:
        query = {"state": "open", "head": f"{repository.path.split('/')[0]}:{head}", "direction": "asc"}
        rows = await self._api.pages(self._pulls("read"), Call("GET", f"{repository.key}/pulls", query=query))
        return [_request(row) for row in rows if row["head"]["ref"] == head]

    async def create_request(self, repository: Repository, content: RequestContent) -> ChangeRequest:
        body = {"head": content.head, "base": content.base, "title": content.title, "body": content.body}
        path, asked = f"{repository.key}/pulls", self._pulls("open")
        try:
            made = await self._api.ask(asked, Call("POST", path, {**body, "draft": content.draft}))
        except HostRefused as refused:
            if not content.draft or "draft" not in refused.reason.lower():
                raise
            made = await self._api.ask(asked, Call("POST", path, body))  # private repositories of a free plan
        return await self._add(repository, _request(made), content)

    async def update_request(
        self, repository: Repository, request: ChangeRequest, content: RequestContent
    ) -> ChangeRequest:
        body = {"title": content.title, "body": content.body, "base": content.base}
        path = f"{repository.key}/pulls/{request.number}"
        return await self._add(
            repository, _request(await self._api.ask(self._pulls("change"), Call("PATCH", path, body))), content
        )

    async def licence_text(self, key: str) -> str:
        asked = self._asked(f"read the licence {key}", "any scope")
        return str((await self._api.ask(asked, Call("GET", f"/licenses/{quote(key.lower())}")))["body"])

    async def close(self) -> None:
        await self._api.close()

    async def _creation(self, address: RepositoryAddress, settings: RepositorySettings) -> Call:
        asked = self._asked("look at accounts", "a new token", address.path)
        owner = await self._api.ask(asked, Call("GET", f"/users/{address.owner}"))
        body = {"name": address.name, "description": settings.description, "auto_init": False}
        if owner["type"] == "Organization":
            return Call("POST", f"/orgs/{address.owner}/repos", {**body, "visibility": settings.visibility.value})
        own = await self._api.ask(asked, Call("GET", "/user"))
        if own["login"].lower() != address.owner.lower():
            raise RepositoryNameTaken(address.path, f"the token is {own['login']}'s, not {address.owner}'s.")
        return Call("POST", "/user/repos", {**body, "private": settings.visibility is not Visibility.PUBLIC})

    async def _add(self, repository: Repository, request: ChangeRequest, content: RequestContent) -> ChangeRequest:
        """Add labels and reviewers, which GitHub does not take along with a request."""
        asked = self._pulls("label")
        if content.labels:
            path = f"{repository.key}/issues/{request.number}/labels"
            await self._api.ask(asked, Call("POST", path, {"labels": list(content.labels)}))
        if content.reviewers:
            path = f"{repository.key}/pulls/{request.number}/requested_reviewers"
            await self._api.ask(asked, Call("POST", path, {"reviewers": list(content.reviewers)}))
        return request.with_more(content)

    def _repository(self, data: Data) -> Repository:
        visibility = data.get("visibility") or ("private" if data["private"] else "public")
        return Repository(
            key=f"/repos/{data['full_name']}",
            path=data["full_name"],
            web_url=data["html_url"],
            clone_url=f"{self._web}/{data['full_name']}.git",
            default_branch=data.get("default_branch") or "",
            visibility=Visibility(visibility),
            topics=frozenset(data.get("topics") or ()),
            archived=bool(data.get("archived")),
        )

    def _check_scopes(self, scopes: set[str], needs: Needs) -> None:
        repo = "public_repo" if needs.visibility is Visibility.PUBLIC else "repo"
        wanted = {repo: True, "workflow": needs.workflows, "delete_repo": needs.delete}
        has = scopes | ({"public_repo"} if "repo" in scopes else set())
        missing = [f"the scope `{name}`" for name, needed in wanted.items() if needed and name not in has]
        if missing:
            raise TokenScopeMissing(self.label, " and ".join(missing), ", ".join(sorted(scopes)) or "no scope")

    def _check_permissions(self, permissions: Mapping[str, str], needs: Needs) -> None:
        wanted = {
            "contents": True,
            "administration": needs.create or needs.protection or needs.delete,
            "pull_requests": needs.requests,
            "workflows": needs.workflows,
        }
        missing = [
            name for name, needed in wanted.items() if needed and permissions.get(name) not in {"write", "admin"}
        ]
        if missing:
            told = " and ".join(f"the permission {name}: write" for name in missing)
            found = ", ".join(f"{name}: {level}" for name, level in sorted(permissions.items()))
            raise TokenScopeMissing(self.label, told, found or "no permission")

    def _pulls(self, verb: str) -> Asked:
        return self._asked(f"{verb} pull requests", f"{_SCOPE} Pull requests: write")

    def _asked(self, action: str, needed: str, repository: str = "") -> Asked:
        return Asked(self.label, action, needed, repository)


def web_address(url: str) -> str:
    """Return where people open GitHub, from that or from the API's address."""
    web = (url or "https://github.com").rstrip("/").removesuffix("/api/v3")
    return "https://github.com" if urlsplit(web).netloc in {"api.github.com", "www.github.com"} else web


def _request(data: Data) -> ChangeRequest:
    return ChangeRequest(
        number=data["number"],
        url=data["html_url"],
        head=data["head"]["ref"],
        base=data["base"]["ref"],
        title=data["title"],
        body=data.get("body") or "",
        draft=bool(data.get("draft")),
        labels=frozenset(label["name"] for label in data.get("labels") or ()),
        reviewers=frozenset(user["login"] for user in data.get("requested_reviewers") or ()),
    )


HOST = HostKind(
    name="github",
    form="github:OWNER/NAME",
    names=NameRules(
        owner=r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}",
        name=r"[\w.-]{1,100}",
        owner_rule="an owner has letters, digits and single hyphens, 39 at most",
        name_rule="a name has letters, digits, `-`, `_` and `.`, 100 at most",
    ),
    connect=GitHubHost,
)
