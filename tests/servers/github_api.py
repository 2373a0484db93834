"""GitHub's REST API (2022-11-28) as far as an export goes, after the description in docs.github.com/rest."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers.git_http import running
from tests.servers.host_api import Asked, Data, Given, HostServer, Kept, Refused, Request, Token, route

APP_TOKEN = "ghs_s3ntinel-of-an-installation"


class GitHubServer(HostServer):
    """An Enterprise server: the API is under /api/v3, Git beside it."""

    prefix = "/api/v3"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.app_key = ""  # PEM of the public key; "" without an App
        self.app_permissions: dict[str, str] = {}
        self.drafts = True

    def authenticate(self, asked: Asked) -> Token:
        if asked.path.startswith("/app/"):
            return self._app(asked.credentials)
        if asked.credentials not in self.tokens:
            raise Refused(401, {"message": "Bad credentials", "status": "401"})
        return self.tokens[asked.credentials]

    def answer(self, asked: Asked) -> Given:
        given = super().answer(asked)
        token = self.tokens.get(asked.credentials)
        scopes = {"X-OAuth-Scopes": ", ".join(sorted(token.scopes))} if token and "fine" not in token.scopes else {}
        return Given(given.status, given.data, {**scopes, "X-RateLimit-Remaining": "4999", **given.headers})

    @route("GET", "/app/installations/{number}")
    def installation(self, _: Asked, number: str) -> Given:
        return Given(200, {"id": int(number), "permissions": self.app_permissions})

    @route("POST", "/app/installations/{number}/access_tokens")
    def installation_token(self, _: Asked, number: str) -> Given:
        self.tokens[APP_TOKEN] = Token(f"app-{number}", frozenset({"repo", "fine"}))
        expires = "2099-01-01T00:00:00Z"
        return Given(201, {"token": APP_TOKEN, "expires_at": expires, "permissions": self.app_permissions})

    @route("GET", "/user")
    def me(self, asked: Asked) -> Given:
        return Given(200, {"login": self._token(asked).user, "type": "User"})

    @route("GET", "/users/{name}")
    def owner(self, _: Asked, name: str) -> Given:
        if name not in self.owners:
            raise Refused(404, self.not_found)
        return Given(200, {"login": name, "type": self.owners[name]})

    @route("POST", "/user/repos")
    def create_mine(self, asked: Asked) -> Given:
        return self._create(asked, self._token(asked).user, "private" if asked.body.get("private") else "public")

    @route("POST", "/orgs/{owner}/repos")
    def create_in(self, asked: Asked, owner: str) -> Given:
        return self._create(asked, owner, asked.body.get("visibility", "public"))

    @route("GET", "/repos/{owner}/{name}")
    def show(self, _: Asked, owner: str, name: str) -> Given:
        return Given(200, self._told(self.repository(f"{owner}/{name}")))

    @route("PATCH", "/repos/{owner}/{name}")
    def change(self, asked: Asked, owner: str, name: str) -> Given:
        kept = self.repository(f"{owner}/{name}")
        branch = asked.body.get("default_branch", kept.default_branch)
        if branch not in self.heads(kept):
            raise Refused(422, _invalid(f"The branch {branch} was not found."))
        kept.default_branch = branch
        return Given(200, self._told(kept))

    @route("DELETE", "/repos/{owner}/{name}")
    def remove(self, asked: Asked, owner: str, name: str) -> Given:
        self._needs(asked, "delete_repo")
        self.repository(f"{owner}/{name}")
        del self.kept[f"{owner}/{name}"]
        return Given(204)

    @route("PUT", "/repos/{owner}/{name}/topics")
    def topics(self, asked: Asked, owner: str, name: str) -> Given:
        self.repository(f"{owner}/{name}").topics = asked.body["names"]
        return Given(200, asked.body)

    @route("GET", "/repos/{owner}/{name}/branches/{branch}/protection")
    def protection(self, _: Asked, owner: str, name: str, branch: str) -> Given:
        kept = self.repository(f"{owner}/{name}")
        if branch not in kept.protections:
            raise Refused(404, {"message": "Branch not protected"})
        return Given(200, kept.protections[branch])

    @route("PUT", "/repos/{owner}/{name}/branches/{branch}/protection")
    def protect(self, asked: Asked, owner: str, name: str, branch: str) -> Given:
        rules = {"required_status_checks", "enforce_admins", "required_pull_request_reviews", "restrictions"}
        if not rules <= asked.body.keys():
            raise Refused(422, _invalid("a required rule is missing"))
        self.repository(f"{owner}/{name}").protections[branch] = asked.body
        return Given(200, asked.body)

    @route("GET", "/repos/{owner}/{name}/pulls")
    def pulls(self, asked: Asked, owner: str, name: str) -> Given:
        kept = self.repository(f"{owner}/{name}")
        head = asked.query.get("head", "").partition(":")[2]
        rows = [self._pull(kept, one) for one in kept.requests if one.open and head in {"", one.head}]
        return Given(200, self.page(asked, rows))

    @route("POST", "/repos/{owner}/{name}/pulls")
    def open_pull(self, asked: Asked, owner: str, name: str) -> Given:
        kept, body = self.repository(f"{owner}/{name}"), asked.body
        if any(one.open and (one.head, one.base) == (body["head"], body["base"]) for one in kept.requests):
            raise Refused(422, _invalid(f"A pull request already exists for {owner}:{body['head']}."))
        if not {body["head"], body["base"]} <= {*self.heads(kept)}:
            raise Refused(422, _invalid("head or base is not a branch"))
        if body.get("draft") and not self.drafts:
            raise Refused(422, {"message": "Draft pull requests are not supported in this repository."})
        made = Request(len(kept.requests) + 1, body["head"], body["base"], body["title"], body["body"])
        made.draft = bool(body.get("draft"))
        kept.requests.append(made)
        return Given(201, self._pull(kept, made))

    @route("PATCH", "/repos/{owner}/{name}/pulls/{number}")
    def change_pull(self, asked: Asked, owner: str, name: str, number: str) -> Given:
        kept = self.repository(f"{owner}/{name}")
        pull = kept.requests[int(number) - 1]
        pull.title, pull.body, pull.base = asked.body["title"], asked.body["body"], asked.body["base"]
        return Given(200, self._pull(kept, pull))

    @route("POST", "/repos/{owner}/{name}/issues/{number}/labels")
    def label(self, asked: Asked, owner: str, name: str, number: str) -> Given:
        pull = self.repository(f"{owner}/{name}").requests[int(number) - 1]
        pull.labels += [label for label in asked.body["labels"] if label not in pull.labels]
        return Given(200, [{"name": label} for label in pull.labels])

    @route("POST", "/repos/{owner}/{name}/pulls/{number}/requested_reviewers")
    def review(self, asked: Asked, owner: str, name: str, number: str) -> Given:
        kept = self.repository(f"{owner}/{name}")
        pull = kept.requests[int(number) - 1]
        if not {*asked.body["reviewers"]} <= self.owners.keys():
            raise Refused(422, {"message": "Reviews may only be requested from collaborators."})
        pull.reviewers += [user for user in asked.body["reviewers"] if user not in pull.reviewers]
        return Given(201, self._pull(kept, pull))

    @route("GET", "/licenses/{key}")
    def licence(self, _: Asked, key: str) -> Given:
        if key not in self.licences:
            raise Refused(404, self.not_found)
        return Given(200, {"key": key, "body": self.licences[key]})

    def _create(self, asked: Asked, owner: str, visibility: str) -> Given:
        self._needs(asked, "repo")
        path = f"{owner}/{asked.body['name']}"
        if path in self.kept:
            told = _invalid("name already exists on this account")
            raise Refused(422, told | {"message": "Repository creation failed."})
        return Given(201, self._told(self.keep(Kept(path, visibility, asked.body.get("description") or ""))))

    def _needs(self, asked: Asked, scope: str) -> None:
        if scope not in self._token(asked).scopes:
            raise Refused(403, {"message": "Resource not accessible by personal access token"})

    def _token(self, asked: Asked) -> Token:
        assert asked.token
        return asked.token

    def _app(self, credentials: str) -> Token:
        import jwt

        try:
            told: dict[str, Any] = jwt.decode(credentials, self.app_key, algorithms=["RS256"])
        except jwt.PyJWTError as error:
            raise Refused(401, {"message": "A JSON web token could not be decoded"}) from error
        return Token(str(told["iss"]), frozenset())

    def _told(self, kept: Kept) -> Data:
        return {
            "full_name": kept.path,
            "html_url": f"{self.url}/{kept.path}",
            "clone_url": f"{self.url}/{kept.path}.git",
            "default_branch": kept.default_branch,
            "private": kept.visibility != "public",
            "visibility": kept.visibility,
            "description": kept.description,
            "topics": kept.topics,
            "archived": kept.archived,
        }

    def _pull(self, kept: Kept, pull: Request) -> Data:
        return {
            "number": pull.number,
            "html_url": f"{self.url}/{kept.path}/pull/{pull.number}",
            "head": {"ref": pull.head},
            "base": {"ref": pull.base},
            "title": pull.title,
            "body": pull.body,
            "draft": pull.draft,
            "labels": [{"name": label} for label in pull.labels],
            "requested_reviewers": [{"login": user} for user in pull.reviewers],
        }


def _invalid(message: str) -> dict[str, Data]:
    return {"message": "Validation Failed", "errors": [{"resource": "Repository", "message": message}]}


@contextmanager
def github_server(folder: Path) -> Iterator[GitHubServer]:
    """Serve a GitHub on a free port of 127.0.0.1."""
    with running(GitHubServer(folder)) as server:
        yield server
