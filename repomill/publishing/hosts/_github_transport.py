"""GitHub's API through PyGithub, which signs for an App and renews its tokens."""

from typing import TYPE_CHECKING

from repomill.errors import HostAccessDenied, HostUnavailable
from repomill.publishing.hosts._api import Call, Reply, read_json
from repomill.publishing.hosts.port import AppLogin, HostLogin

if TYPE_CHECKING:
    from github.Auth import AppInstallationAuth, Token
    from github.Requester import Requester


class GitHubTransport:
    """Sends requests as a person (token) or as an installation of an App; tries once, for callers know when to wait."""

    def __init__(self, label: str, api_url: str, login: HostLogin) -> None:
        from github import Auth, Github

        self._label = label
        self._app = login.app
        self._auth: AppInstallationAuth | Token = _installation(login.app) if login.app else Auth.Token(_token(login))
        self._github = Github(
            auth=self._auth,
            base_url=api_url,
            timeout=int(login.timeout),
            retry=None,
            seconds_between_requests=None,
            seconds_between_writes=None,
        )

    def send(self, call: Call) -> Reply:
        from github import GithubException
        from requests import RequestException

        try:
            status, headers, text = self._requester.requestJson(
                call.method, call.path, dict(call.query) or None, None, call.body
            )
        except RequestException as error:
            raise HostUnavailable(self._label, type(error).__name__) from None
        except GithubException as error:  # an App that gets no token
            return Reply(error.status, error.data, {name.lower(): str(value) for name, value in _headers(error)})
        return Reply(status, read_json(text), {name.lower(): str(value) for name, value in headers.items()})

    def token(self) -> str:
        """Return the token of this moment; an App's is asked for when the last one is about to end."""
        from github import GithubException

        try:
            return self._auth.token
        except GithubException as error:
            raise HostAccessDenied(
                self._label, "act as the App", "a valid App key", f"status {error.status}."
            ) from None

    def permissions(self) -> dict[str, str] | None:
        """Return the permissions of an App's installation; None for a person's token."""
        if self._app is None:
            return None
        path = f"/app/installations/{self._app.installation_id}"
        from github import Auth

        app = Auth.AppAuth(self._app.app_id, self._app.private_key.get_secret_value())
        _, _, text = self._requester.withAuth(app).requestJson("GET", path)
        told = read_json(text)
        return dict(told.get("permissions", {})) if isinstance(told, dict) else {}

    def close(self) -> None:
        self._github.close()

    @property
    def _requester(self) -> "Requester":
        return self._github.requester


def _installation(login: AppLogin) -> "AppInstallationAuth":
    from github import Auth

    return Auth.AppAuth(login.app_id, login.private_key.get_secret_value()).get_installation_auth(login.installation_id)


def _token(login: HostLogin) -> str:
    return login.token.get_secret_value() if login.token else ""


def _headers(error: object) -> list[tuple[str, object]]:
    return list((getattr(error, "headers", None) or {}).items())
