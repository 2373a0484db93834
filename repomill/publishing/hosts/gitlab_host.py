"""GitLab: gitlab.com and self-managed, with groups and subgroups."""

from collections.abc import Collection
from typing import Final
from urllib.parse import quote, urlsplit

from pydantic import SecretStr

from repomill.errors import HostRefused, RepositoryMissing, TokenScopeMissing
from repomill.publishing.credentials import GitCredentials
from repomill.publishing.hosts._answers import Asked
from repomill.publishing.hosts._api import Api, Call, Data
from repomill.publishing.hosts._gitlab_transport import GitLabTransport
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

_DRAFT: Final = "Draft: "
_API: Final = "the scope `api`"
_MAINTAINER: Final = "the scope `api` and the role Maintainer"


class GitLabHost:
    """Adapter for GitLab."""

    kind = "gitlab"
    features: Collection[Feature] = frozenset(Feature)

    def __init__(self, login: HostLogin) -> None:
        self._web = (login.url or "https://gitlab.com").rstrip("/")
        self.label = urlsplit(self._web).netloc
        self._login = login
        self._api = Api(GitLabTransport(self.label, self._web, login), login.secrets())

    async def check_access(self, needs: Needs) -> None:
        """Compare the token's own scopes; tokens of jobs and OAuth have none that could be asked for."""
        reply = await self._api.reply(self._asked("be used", _API), Call("GET", "/personal_access_tokens/self"), 404)
        scopes = reply.data["scopes"] if reply.data else ["api"]
        if "api" not in scopes:
            raise TokenScopeMissing(self.label, _API, ", ".join(sorted(scopes)) or "no scope")

    async def git_credentials(self) -> GitCredentials:
        return GitCredentials(self._login.username or "oauth2", self._login.token or SecretStr(""))

    async def find(self, address: RepositoryAddress) -> Repository | None:
        found = await self._api.find(self._asked("see projects", _API), Call("GET", _project(address.path)))
        return self._repository(found) if found else None

    async def create(self, address: RepositoryAddress, settings: RepositorySettings) -> Repository:
        group = await self._group(address)
        body = {
            "name": address.name,
            "path": address.name,
            "namespace_id": group,
            "description": settings.description,
            "visibility": settings.visibility.value,
            "topics": list(settings.all_topics),
            "default_branch": settings.default_branch,
            "initialize_with_readme": False,
        }
        asked = self._asked(f"make projects in {address.owner}", _MAINTAINER, address.path)
        return self._repository(await self._api.ask(asked, Call("POST", "/projects", body)))

    async def set_topics(self, repository: Repository, topics: Collection[str]) -> None:
        asked = self._asked("set topics", _MAINTAINER)
        await self._api.ask(asked, Call("PUT", repository.key, {"topics": list(topics)}))

    async def set_default_branch(self, repository: Repository, branch: str) -> None:
        asked = self._asked("set the default branch", _MAINTAINER)
        await self._api.ask(asked, Call("PUT", repository.key, {"default_branch": branch}))

    async def delete(self, repository: Repository) -> None:
        asked = self._asked("delete projects", "the scope `api` and the role Owner")
        await self._api.find(asked, Call("DELETE", repository.key))

    async def protect(self, repository: Repository, branch: str, protection: Protection) -> bool:
        """Protect a branch; the number of approvals is a setting of paid editions and is left alone."""
        asked = self._asked("protect branches", _MAINTAINER)
        path = f"{repository.key}/protected_branches"
        if await self._api.find(asked, Call("GET", f"{path}/{quote(branch, safe='')}")):
            return False
        await self._api.ask(asked, Call("POST", path, {"name": branch, "allow_force_push": False}))
        return True

    async def open_requests(self, repository: Repository, head: str) -> list[ChangeRequest]:
        query = {"state": "opened", "source_branch": head, "order_by": "created_at", "sort": "asc"}
        call = Call("GET", f"{repository.key}/merge_requests", query=query)
        return [_request(row) for row in await self._api.pages(self._asked("read merge requests", _API), call)]

    async def create_request(self, repository: Repository, content: RequestContent) -> ChangeRequest:
        body = {
            "source_branch": content.head,
            "target_branch": content.base,
            "title": f"{_DRAFT if content.draft else ''}{content.title}",
            "description": content.body,
            "labels": ",".join(content.labels),
            "reviewer_ids": await self._user_ids(content.reviewers),
        }
        asked = self._asked("open merge requests", f"{_API} and the role Developer")
        return _request(await self._api.ask(asked, Call("POST", f"{repository.key}/merge_requests", body)))

    async def update_request(
        self, repository: Repository, request: ChangeRequest, content: RequestContent
    ) -> ChangeRequest:
        body: dict[str, object] = {
            "title": f"{_DRAFT if request.draft else ''}{content.title}",
            "description": content.body,
            "target_branch": content.base,
        }
        if content.labels:
            body["add_labels"] = ",".join(content.labels)
        if content.reviewers:
            body["reviewer_ids"] = await self._user_ids(sorted({*request.reviewers, *content.reviewers}))
        path = f"{repository.key}/merge_requests/{request.number}"
        return _request(await self._api.ask(self._asked("change merge requests", _API), Call("PUT", path, body)))

    async def licence_text(self, key: str) -> str:
        asked = self._asked(f"read the licence {key}", _API)
        return str((await self._api.ask(asked, Call("GET", f"/templates/licenses/{quote(key.lower())}")))["content"])

    async def close(self) -> None:
        await self._api.close()

    async def _group(self, address: RepositoryAddress) -> object:
        asked = self._asked("look at groups", _API)
        found = await self._api.find(asked, Call("GET", f"/namespaces/{quote(address.owner, safe='')}"))
        if not found:
            raise RepositoryMissing(f"{address.path}: the group {address.owner}")
        return found["id"]

    async def _user_ids(self, names: Collection[str]) -> list[int]:
        return [await self._user_id(name) for name in names]

    async def _user_id(self, name: str) -> int:
        asked = self._asked("find reviewers", _API)
        found = await self._api.ask(asked, Call("GET", "/users", query={"username": name}))
        if not found:
            raise HostRefused(self.label, "ask for a review", f"there is no user {name}.")
        return int(found[0]["id"])

    def _repository(self, data: Data) -> Repository:
        path = data["path_with_namespace"]
        return Repository(
            key=_project(path),
            path=path,
            web_url=data["web_url"],
            clone_url=f"{self._web}/{path}.git",
            default_branch=data.get("default_branch") or "",
            visibility=Visibility(data["visibility"]),
            topics=frozenset(data.get("topics") or ()),
            archived=bool(data.get("archived")),
        )

    def _asked(self, action: str, needed: str, repository: str = "") -> Asked:
        return Asked(self.label, action, needed, repository)


def _project(path: str) -> str:
    return f"/projects/{quote(path, safe='')}"


def _request(data: Data) -> ChangeRequest:
    return ChangeRequest(
        number=data["iid"],
        url=data["web_url"],
        head=data["source_branch"],
        base=data["target_branch"],
        title=data["title"].removeprefix(_DRAFT),
        body=data.get("description") or "",
        draft=bool(data.get("draft")),
        labels=frozenset(data.get("labels") or ()),
        reviewers=frozenset(user["username"] for user in data.get("reviewers") or ()),
    )


HOST = HostKind(
    name="gitlab",
    form="gitlab:GROUP/NAME or gitlab:GROUP/SUBGROUP/NAME",
    names=NameRules(
        owner=r"[A-Za-z0-9_](?:[\w.-]{0,253}[\w-])?",
        name=r"[A-Za-z0-9_](?:[\w.-]{0,253}[\w])?",
        owner_rule="a group has letters, digits, `-`, `_` and `.`, begins with a letter, a digit or `_`",
        name_rule="a name has letters, digits, `-`, `_` and `.`, begins and ends with a letter or a digit",
        groups=True,
    ),
    connect=GitLabHost,
    request="merge request",
)
