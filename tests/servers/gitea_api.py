"""Gitea's API v1 as far as an export goes, after its Swagger description."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.git_http import running
from tests.servers.host_api import Asked, Data, Given, HostServer, Kept, Refused, Request, Token, route


class GiteaServer(HostServer):
    """A Gitea or Forgejo; `old` leaves topics out of the description of a repository."""

    prefix = "/api/v1"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.old = False

    def authenticate(self, asked: Asked) -> Token:
        if asked.credentials not in self.tokens:
            raise Refused(401, {"message": "invalid username, password or token"})
        token = self.tokens[asked.credentials]
        if "repos" in asked.path:
            self._needs(token, "read:repository" if asked.method == "GET" else "write:repository")
        return token

    @route("GET", "/user")
    def me(self, asked: Asked) -> Given:
        assert asked.token
        return Given(200, {"login": asked.token.user})

    @route("GET", "/user/repos")
    def mine(self, asked: Asked) -> Given:
        return Given(200, self.page(asked, [self._told(kept) for kept in self.kept.values()], "limit"))

    @route("POST", "/user/repos")
    def create_mine(self, asked: Asked) -> Given:
        assert asked.token
        return self._create(asked, asked.token.user)

    @route("POST", "/orgs/{owner}/repos")
    def create_in(self, asked: Asked, owner: str) -> Given:
        if self.owners.get(owner) != "Organization":
            raise Refused(404, self.not_found)
        return self._create(asked, owner)

    @route("GET", "/repos/{owner}/{name}")
    def show(self, _: Asked, owner: str, name: str) -> Given:
        return Given(200, self._told(self.repository(f"{owner}/{name}")))

    @route("PATCH", "/repos/{owner}/{name}")
    def change(self, asked: Asked, owner: str, name: str) -> Given:
        kept = self.repository(f"{owner}/{name}")
        kept.default_branch = asked.body["default_branch"]
        return Given(200, self._told(kept))

    @route("DELETE", "/repos/{owner}/{name}")
    def remove(self, _: Asked, owner: str, name: str) -> Given:
        self.repository(f"{owner}/{name}")
        del self.kept[f"{owner}/{name}"]
        return Given(204)

    @route("GET", "/repos/{owner}/{name}/topics")
    def topics(self, _: Asked, owner: str, name: str) -> Given:
        return Given(200, {"topics": self.repository(f"{owner}/{name}").topics})

    @route("PUT", "/repos/{owner}/{name}/topics")
    def set_topics(self, asked: Asked, owner: str, name: str) -> Given:
        if any(len(topic) > 35 for topic in asked.body["topics"]):
            raise Refused(422, {"message": "Topic names are invalid"})
        self.repository(f"{owner}/{name}").topics = asked.body["topics"]
        return Given(204)

    @route("GET", "/repos/{owner}/{name}/branch_protections/{branch}")
    def protection(self, _: Asked, owner: str, name: str, branch: str) -> Given:
        kept = self.repository(f"{owner}/{name}")
        if branch not in kept.protections:
            raise Refused(404, self.not_found)
        return Given(200, kept.protections[branch])

    @route("POST", "/repos/{owner}/{name}/branch_protections")
    def protect(self, asked: Asked, owner: str, name: str) -> Given:
        self.repository(f"{owner}/{name}").protections[asked.body["rule_name"]] = asked.body
        return Given(201, asked.body)

    @route("GET", "/repos/{owner}/{name}/labels")
    def labels(self, asked: Asked, owner: str, name: str) -> Given:
        names = self.repository(f"{owner}/{name}").labels
        return Given(
            200, self.page(asked, [{"id": place, "name": label} for place, label in enumerate(names)], "limit")
        )

    @route("POST", "/repos/{owner}/{name}/labels")
    def make_label(self, asked: Asked, owner: str, name: str) -> Given:
        names = self.repository(f"{owner}/{name}").labels
        names.append(asked.body["name"])
        return Given(201, {"id": len(names) - 1, "name": asked.body["name"]})

    @route("GET", "/repos/{owner}/{name}/pulls")
    def pulls(self, asked: Asked, owner: str, name: str) -> Given:
        kept = self.repository(f"{owner}/{name}")
        return Given(200, self.page(asked, [self._pull(kept, one) for one in kept.requests if one.open], "limit"))

    @route("POST", "/repos/{owner}/{name}/pulls")
    def open_pull(self, asked: Asked, owner: str, name: str) -> Given:
        kept, body = self.repository(f"{owner}/{name}"), asked.body
        if any(one.open and (one.head, one.base) == (body["head"], body["base"]) for one in kept.requests):
            raise Refused(409, {"message": "pull request already exists for these targets"})
        made = Request(len(kept.requests) + 1, body["head"], body["base"], body["title"], body["body"])
        made.labels = [kept.labels[number] for number in body["labels"]]
        kept.requests.append(made)
        return Given(201, self._pull(kept, made))

    @route("PATCH", "/repos/{owner}/{name}/pulls/{number}")
    def change_pull(self, asked: Asked, owner: str, name: str, number: str) -> Given:
        kept = self.repository(f"{owner}/{name}")
        pull = kept.requests[int(number) - 1]
        pull.title, pull.body, pull.base = asked.body["title"], asked.body["body"], asked.body["base"]
        return Given(201, self._pull(kept, pull))

    @route("POST", "/repos/{owner}/{name}/issues/{number}/labels")
    def label(self, asked: Asked, owner: str, name: str, number: str) -> Given:
        kept = self.repository(f"{owner}/{name}")
        pull = kept.requests[int(number) - 1]
        names = [kept.labels[label] for label in asked.body["labels"]]
        pull.labels += [label for label in names if label not in pull.labels]
        return Given(200, [{"name": label} for label in pull.labels])

    @route("POST", "/repos/{owner}/{name}/pulls/{number}/requested_reviewers")
    def review(self, asked: Asked, owner: str, name: str, number: str) -> Given:
        pull = self.repository(f"{owner}/{name}").requests[int(number) - 1]
        missing = [user for user in asked.body["reviewers"] if user not in self.owners]
        if missing:
            raise Refused(404, {"message": f"User '{missing[0]}' not exist"})
        pull.reviewers += [user for user in asked.body["reviewers"] if user not in pull.reviewers]
        return Given(201, [])

    @route("GET", "/licenses/{key}")
    def licence(self, _: Asked, key: str) -> Given:
        if key.lower() not in self.licences:
            raise Refused(404, self.not_found)
        return Given(200, {"key": key, "body": self.licences[key.lower()]})

    def _create(self, asked: Asked, owner: str) -> Given:
        path = f"{owner}/{asked.body['name']}"
        if path in self.kept:
            raise Refused(409, {"message": "The repository with the same name already exists."})
        visibility = "private" if asked.body["private"] else "public"
        return Given(201, self._told(self.keep(Kept(path, visibility, asked.body["description"]))))

    def _needs(self, token: Token, scope: str) -> None:
        if not token.scopes & {scope, scope.replace("read:", "write:")}:
            has = ",".join(sorted(token.scopes))
            told = f"token does not have at least one of required scope(s), required=[{scope}], token scope={has}"
            raise Refused(403, {"message": told})

    def _told(self, kept: Kept) -> Data:
        told = {
            "full_name": kept.path,
            "html_url": f"{self.url}/{kept.path}",
            "clone_url": f"{self.url}/{kept.path}.git",
            "default_branch": kept.default_branch,
            "private": kept.visibility == "private",
            "internal": kept.visibility == "internal",
            "empty": not self.heads(kept),
            "description": kept.description,
            "archived": kept.archived,
        }
        return told if self.old else told | {"topics": kept.topics}

    def _pull(self, kept: Kept, pull: Request) -> Data:
        return {
            "number": pull.number,
            "html_url": f"{self.url}/{kept.path}/pulls/{pull.number}",
            "head": {"ref": pull.head},
            "base": {"ref": pull.base},
            "title": pull.title,
            "body": pull.body,
            "labels": [{"name": label} for label in pull.labels],
            "requested_reviewers": [{"login": user} for user in pull.reviewers] or None,
        }


@contextmanager
def gitea_server(folder: Path) -> Iterator[GiteaServer]:
    """Serve a Gitea on a free port of 127.0.0.1."""
    with running(GiteaServer(folder)) as server:
        yield server
