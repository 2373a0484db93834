"""GitLab's API through python-gitlab."""

from typing import TYPE_CHECKING, Any

from repomill.errors import HostUnavailable
from repomill.publishing.hosts._api import Call, Reply, read_json
from repomill.publishing.hosts.port import HostLogin

if TYPE_CHECKING:
    from requests import Response


class GitLabTransport:
    """Sends requests with a personal, group or project token; tries once, for callers know when to wait."""

    def __init__(self, label: str, url: str, login: HostLogin) -> None:
        from gitlab import Gitlab

        self._label = label
        token = login.token.get_secret_value() if login.token else None
        self._gitlab = Gitlab(url, private_token=token, timeout=login.timeout, keep_base_url=True)
        # Errors of python-gitlab have no headers, which tell how long to wait.
        self._last: Response | None = None
        self._gitlab.session.hooks["response"].append(self._remember)

    def send(self, call: Call) -> Reply:
        from gitlab.exceptions import GitlabError, RedirectError
        from requests import RequestException

        self._last = None
        try:
            self._gitlab.http_request(
                call.method.lower(),
                call.path,
                query_data=dict(call.query),
                post_data=dict(call.body) if call.body is not None else None,
                obey_rate_limit=False,
            )
        except RequestException as error:
            raise HostUnavailable(self._label, type(error).__name__) from None
        except RedirectError:
            return Reply(409, "It moved to another address; use that one.")
        except GitlabError:
            pass  # what came is looked at below
        return self._reply()

    def close(self) -> None:
        self._gitlab.session.close()

    def _reply(self) -> Reply:
        came = self._last
        if came is None:
            raise HostUnavailable(self._label, "no answer came.")
        return Reply(
            came.status_code, read_json(came.text), {name.lower(): text for name, text in came.headers.items()}
        )

    def _remember(self, response: "Response", *_: Any, **__: Any) -> None:
        self._last = response
