"""Gitea and Forgejo, whose APIs agree in all that is asked here."""

from collections.abc import Collection
from typing import Final
from urllib.parse import quote, urlsplit

from pydantic import SecretStr

from repomill.errors import HostCannot
from repomill.publishing.credentials import GitCredentials
from repomill.publishing.hosts._answers import Asked
from repomill.publishing.hosts._api import Api, Call, Data, Transport
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

_DRAFT: Final = "WIP: "
_REPOSITORY: Final = "the scope `write:repository`"
_USER: Final = "the scopes `read:user` and `write:repository`"
_LABEL_COLOUR: Final = "#6e7781"


class GiteaHost:
    """Adapter for Gitea and Forgejo."""

    kind = "gitea"
    features: Collection[Feature] = frozenset(Feature)

    def __init__(self, login: HostLogin) -> None:
        self._web = (login.url or "https://codeberg.org").rstrip("/")
        self.label = urlsplit(self._web).netloc
        self._login = login
        self._api = Api(self._transport(login), login.secrets())

    def _transport(self, login: HostLogin) -> Transport:
        from repomill.publishing.hosts._http_transport import HttpTransport

        token = login.token.get_secret_value() if login.token else ""
        headers = {"Authorization": f"token {token}"} if token else {}
        return HttpTransport(self.label, f"{self._web}/api/v1", headers, login.timeout)

    async def check_access(self, needs: Needs) -> None:
        """Ask who the token is; Gitea tells the scopes of a token only when it refuses, and then by name."""
        await self._api.ask(self._asked("be used", _USER), Call("GET", "/user"))
        await self._api.ask(
            self._asked("see repositories", _REPOSITORY), Call("GET", "/user/repos", query={"limit": "1"})
        )

    async def git_credentials(self) -> GitCredentials:
        return GitCredentials(self._login.username or "repomill", self._login.token or SecretStr(""))

    async def find(self, address: RepositoryAddress) -> Repository | None:
        asked, path = self._asked("see repositories", "the scope `read:repository`"), f"/repos/{address.path}"
        found = await self._api.find(asked, Call("GET", path))
        if not found:
            return None
        if "topics" not in found:  # older versions
            found["topics"] = (await self._api.ask(asked, Call("GET", f"{path}/topics")))["topics"]
        return self._repository(found)

    async def create(self, address: RepositoryAddress, settings: RepositorySettings) -> Repository:
        if settings.visibility is Visibility.INTERNAL:
            raise HostCannot(self.label, "internal repositories of its own: visibility comes from the organisation")
        own = await self._api.ask(self._asked("be used", _USER), Call("GET", "/user"))
        mine = own["login"].lower() == address.owner.lower()
        body = {
            "name": address.name,
            "description": settings.description,
            "private": settings.visibility is Visibility.PRIVATE,
            "default_branch": settings.default_branch,
            "auto_init": False,
        }
        needed = f"{_REPOSITORY} and `{'write:user' if mine else 'write:organization'}`"
        asked = self._asked(f"make repositories in {address.owner}", needed, address.path)
        path = "/user/repos" if mine else f"/orgs/{address.owner}/repos"
        repository = self._repository(await self._api.ask(asked, Call("POST", path, body)))
        await self.set_topics(repository, settings.all_topics)
        return repository

    async def set_topics(self, repository: Repository, topics: Collection[str]) -> None:
        asked = self._asked("set topics", _REPOSITORY)
        await self._api.ask(asked, Call("PUT", f"{repository.key}/topics", {"topics": list(topics)}))

    async def set_default_branch(self, repository: Repository, branch: str) -> None:
        asked = self._asked("set the default branch", _REPOSITORY)
        await self._api.ask(asked, Call("PATCH", repository.key, {"default_branch": branch}))

    async def delete(self, repository: Repository) -> None:
        await self._api.find(self._asked("delete repositories", _REPOSITORY), Call("DELETE", repository.key))

    async def protect(self, repository: Repository, branch: str, protection: Protection) -> bool:
        asked, path = self._asked("protect branches", _REPOSITORY), f"{repository.key}/branch_protections"
        if await self._api.find(asked, Call("GET", f"{path}/{quote(branch, safe='')}")):
            return False
        rules = {
            "rule_name": branch,
            "branch_name": branch,
            "enable_push": True,
            "required_approvals": protection.approvals,
        }
        await self._api.ask(asked, Call("POST", path, rules))
        return True

    async def open_requests(self, repository: Repository, head: str) -> list[ChangeRequest]:
        call = Call("GET", f"{repository.key}/pulls", query={"state": "open", "sort": "oldest"})
        rows = await self._api.pages(self._asked("read pull requests", _REPOSITORY), call, "limit")
        return [_request(row) for row in rows if row["head"]["ref"] == head]

    async def create_request(self, repository: Repository, content: RequestContent) -> ChangeRequest:
        body = {
            "head": content.head,
            "base": content.base,
            "title": f"{_DRAFT if content.draft else ''}{content.title}",
            "body": content.body,
            "labels": await self._label_ids(repository, content.labels),
        }
        made = await self._api.ask(self._pulls("open"), Call("POST", f"{repository.key}/pulls", body))
        return await self._review(repository, _request(made), content)

    async def update_request(
        self, repository: Repository, request: ChangeRequest, content: RequestContent
    ) -> ChangeRequest:
        title = f"{_DRAFT if request.draft else ''}{content.title}"
        body = {"title": title, "body": content.body, "base": content.base}
        path = f"{repository.key}/pulls/{request.number}"
        changed = _request(await self._api.ask(self._pulls("change"), Call("PATCH", path, body)))
        if content.labels:
            labels = {"labels": await self._label_ids(repository, content.labels)}
            await self._api.ask(
                self._pulls("label"), Call("POST", f"{repository.key}/issues/{request.number}/labels", labels)
            )
        return await self._review(repository, changed, content)

    async def licence_text(self, key: str) -> str:
        asked = self._asked(f"read the licence {key}", "any scope")
        return str((await self._api.ask(asked, Call("GET", f"/licenses/{quote(key)}")))["body"])

    async def close(self) -> None:
        await self._api.close()

    async def _review(self, repository: Repository, request: ChangeRequest, content: RequestContent) -> ChangeRequest:
        if content.reviewers:
            path = f"{repository.key}/pulls/{request.number}/requested_reviewers"
            await self._api.ask(self._pulls("review"), Call("POST", path, {"reviewers": list(content.reviewers)}))
        return request.with_more(content)

    async def _label_ids(self, repository: Repository, names: Collection[str]) -> list[int]:
        """Return the ids of labels, which Gitea wants; those that do not exist are made."""
        if not names:
            return []
        asked, path = self._asked("make labels", "the scope `write:issue`"), f"{repository.key}/labels"
        ids = {label["name"]: int(label["id"]) for label in await self._api.pages(asked, Call("GET", path), "limit")}
        for name in names:
            if name not in ids:
                made = await self._api.ask(asked, Call("POST", path, {"name": name, "color": _LABEL_COLOUR}))
                ids[name] = int(made["id"])
        return [ids[name] for name in names]

    def _repository(self, data: Data) -> Repository:
        hidden = Visibility.PRIVATE if data["private"] else Visibility.PUBLIC
        return Repository(
            key=f"/repos/{data['full_name']}",
            path=data["full_name"],
            web_url=data["html_url"],
            clone_url=f"{self._web}/{data['full_name']}.git",
            default_branch=data.get("default_branch") or "",
            visibility=Visibility.INTERNAL if data.get("internal") else hidden,
            topics=frozenset(data.get("topics") or ()),
            archived=bool(data.get("archived")),
        )

    def _pulls(self, verb: str) -> Asked:
        return self._asked(f"{verb} pull requests", _REPOSITORY)

    def _asked(self, action: str, needed: str, repository: str = "") -> Asked:
        return Asked(self.label, action, needed, repository)


def _request(data: Data) -> ChangeRequest:
    return ChangeRequest(
        number=data["number"],
        url=data["html_url"],
        head=data["head"]["ref"],
        base=data["base"]["ref"],
        title=data["title"].removeprefix(_DRAFT),
        body=data.get("body") or "",
        draft=data["title"].startswith(_DRAFT),
        labels=frozenset(label["name"] for label in data.get("labels") or ()),
        reviewers=frozenset(user["login"] for user in data.get("requested_reviewers") or ()),
    )


HOST = HostKind(
    name="gitea",
    form="gitea:OWNER/NAME",
    names=NameRules(
        owner=r"[A-Za-z0-9](?:[-_.]?[A-Za-z0-9]){0,38}[-_.]?",
        name=r"[\w.-]{1,100}",
        owner_rule="an owner has letters, digits, and single `-`, `_` and `.` between them",
        name_rule="a name has letters, digits, `-`, `_` and `.`, 100 at most",
    ),
    connect=GiteaHost,
)
