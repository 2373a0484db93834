"""GitLab's REST API v4 as far as an export goes, after the description in docs.gitlab.com/api."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from tests.servers.git_http import running
from tests.servers.host_api import Asked, Data, Given, HostServer, Kept, Refused, Request, Token, route


class GitLabServer(HostServer):
    """A self-managed server; projects are addressed by their percent-encoded path."""

    prefix = "/api/v4"
    not_found: ClassVar[Data] = {"message": "404 Project Not Found"}

    def authenticate(self, asked: Asked) -> Token:
        if asked.credentials not in self.tokens:
            raise Refused(401, {"message": "401 Unauthorized"})
        token = self.tokens[asked.credentials]
        if asked.method != "GET" and "api" not in token.scopes:
            raise Refused(403, {"error": "insufficient_scope", "error_description": "The request requires api"})
        return token

    @route("GET", "/personal_access_tokens/self")
    def me(self, asked: Asked) -> Given:
        assert asked.token
        return Given(200, {"id": 1, "scopes": sorted(asked.token.scopes), "active": True})

    @route("GET", "/namespaces/{path}")
    def namespace(self, _: Asked, path: str) -> Given:
        if path not in self.owners:
            raise Refused(404, {"message": "404 Namespace Not Found"})
        return Given(200, {"id": [*self.owners].index(path) + 100, "full_path": path})

    @route("GET", "/users")
    def users(self, asked: Asked) -> Given:
        names = [name for name in self.owners if name == asked.query["username"]]
        return Given(200, [{"id": [*self.owners].index(name) + 100, "username": name} for name in names])

    @route("POST", "/projects")
    def create_project(self, asked: Asked) -> Given:
        body = asked.body
        path = f"{[*self.owners][body['namespace_id'] - 100]}/{body['path']}"
        if path in self.kept:
            raise Refused(400, {"message": {"path": ["has already been taken"], "name": ["has already been taken"]}})
        kept = Kept(path, body["visibility"], body["description"], topics=body["topics"])
        return Given(201, self._told(self.keep(kept)))

    @route("GET", "/projects/{path}")
    def show(self, _: Asked, path: str) -> Given:
        return Given(200, self._told(self.repository(path)))

    @route("PUT", "/projects/{path}")
    def change(self, asked: Asked, path: str) -> Given:
        kept = self.repository(path)
        kept.topics = asked.body.get("topics", kept.topics)
        kept.default_branch = asked.body.get("default_branch", kept.default_branch)
        return Given(200, self._told(kept))

    @route("DELETE", "/projects/{path}")
    def remove(self, _: Asked, path: str) -> Given:
        self.repository(path)
        del self.kept[path]
        return Given(202, {"message": "202 Accepted"})

    @route("GET", "/projects/{path}/protected_branches/{branch}")
    def protection(self, _: Asked, path: str, branch: str) -> Given:
        kept = self.repository(path)
        if branch not in kept.protections:
            raise Refused(404, {"message": "404 Not found"})
        return Given(200, kept.protections[branch])

    @route("POST", "/projects/{path}/protected_branches")
    def protect(self, asked: Asked, path: str) -> Given:
        self.repository(path).protections[asked.body["name"]] = asked.body
        return Given(201, asked.body)

    @route("GET", "/projects/{path}/merge_requests")
    def merge_requests(self, asked: Asked, path: str) -> Given:
        kept, source = self.repository(path), asked.query["source_branch"]
        rows = [self._request(kept, one) for one in kept.requests if one.open and one.head == source]
        return Given(200, self.page(asked, rows))

    @route("POST", "/projects/{path}/merge_requests")
    def open_request(self, asked: Asked, path: str) -> Given:
        kept, body = self.repository(path), asked.body
        branches = (body["source_branch"], body["target_branch"])
        if any(one.open and (one.head, one.base) == branches for one in kept.requests):
            raise Refused(409, {"message": ["Another open merge request already exists for this source branch: !1"]})
        made = Request(len(kept.requests) + 1, *branches, body["title"], body["description"])
        made.labels, made.reviewers = _labels(body["labels"]), self._names(body["reviewer_ids"])
        kept.requests.append(made)
        return Given(201, self._request(kept, made))

    @route("PUT", "/projects/{path}/merge_requests/{number}")
    def change_request(self, asked: Asked, path: str, number: str) -> Given:
        kept, body = self.repository(path), asked.body
        one = kept.requests[int(number) - 1]
        one.title, one.body, one.base = body["title"], body["description"], body["target_branch"]
        one.labels += [label for label in _labels(body.get("add_labels", "")) if label not in one.labels]
        one.reviewers = self._names(body["reviewer_ids"]) if "reviewer_ids" in body else one.reviewers
        return Given(200, self._request(kept, one))

    @route("GET", "/templates/licenses/{key}")
    def licence(self, _: Asked, key: str) -> Given:
        if key not in self.licences:
            raise Refused(404, {"message": "404 License Not Found"})
        return Given(200, {"key": key, "content": self.licences[key]})

    def _names(self, ids: list[int]) -> list[str]:
        return [[*self.owners][number - 100] for number in ids]

    def _told(self, kept: Kept) -> Data:
        return {
            "id": 7,
            "path_with_namespace": kept.path,
            "web_url": f"{self.url}/{kept.path}",
            "http_url_to_repo": f"{self.url}/{kept.path}.git",
            "default_branch": kept.default_branch if self.heads(kept) else None,
            "visibility": kept.visibility,
            "description": kept.description,
            "topics": kept.topics,
            "archived": kept.archived,
        }

    def _request(self, kept: Kept, one: Request) -> Data:
        return {
            "iid": one.number,
            "web_url": f"{self.url}/{kept.path}/-/merge_requests/{one.number}",
            "source_branch": one.head,
            "target_branch": one.base,
            "title": one.title,
            "description": one.body,
            "draft": one.title.startswith("Draft: "),
            "labels": one.labels,
            "reviewers": [{"username": name} for name in one.reviewers],
        }


def _labels(text: str) -> list[str]:
    return [label for label in text.split(",") if label]


@contextmanager
def gitlab_server(folder: Path) -> Iterator[GitLabServer]:
    """Serve a GitLab on a free port of 127.0.0.1."""
    with running(GitLabServer(folder)) as server:
        yield server
