"""A Prefect API that a person named: whether it answers, and how this process comes to use it."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from deployments._probe import why_unreachable
from deployments.stack import Stack, ensure_stack
from repomill.errors import EngineUnavailable
from repomill.settings import Settings
from tests.servers.processes import free_ports


class GuardedApi(BaseHTTPRequestHandler):
    """Answers /api/health to whoever shows the key or the password."""

    def do_GET(self) -> None:
        known = self.headers.get("Authorization") in {"Bearer key", "Basic YTpi"}
        self.send_response(200 if known and self.path == "/api/health" else 401)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def guarded_api() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), GuardedApi) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/api"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("credentials", [{"PREFECT_API_KEY": "key"}, {"PREFECT_API_AUTH_STRING": "a:b"}])
def test_credentials_for_the_api_are_shown(guarded_api: str, credentials: dict[str, str]) -> None:
    assert why_unreachable(guarded_api, credentials) is None


def test_an_api_that_refuses_is_not_used(guarded_api: str) -> None:
    assert why_unreachable(guarded_api, {}) == "it answered 401 Unauthorized"


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/api", "127.0.0.1:{port}", "https://127.0.0.1:{port}/api"])
def test_an_api_that_does_not_answer_is_not_replaced_by_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    named = url.format(port=free_ports(1)[0])
    monkeypatch.setenv("PREFECT_API_URL", named)
    with pytest.raises(EngineUnavailable) as caught:
        ensure_stack(Settings(home=tmp_path / "home"))
    assert caught.value.url == named
    assert caught.value.reason
    assert not (tmp_path / "home").exists()


APPLY = """
import sys
from pathlib import Path
from deployments.stack import Stack, apply

early = "{when}" == "after"
if early:
    import prefect
assert ("prefect" in sys.modules) == early
apply(Stack(**{fields}, home=Path("/tmp/home")))
from prefect.settings import get_current_settings
settings = get_current_settings()
print(settings.api.url, settings.api.key, settings.home)
"""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"supervisor_pid": 1}, "http://127.0.0.1:9/api None /tmp/home/prefect"),
        ({}, "http://127.0.0.1:9/api **** {home}"),
    ],
)
def test_prefect_uses_the_stack_once_it_is_applied(
    tmp_path: Path, when: str, fields: dict[str, int], expected: str
) -> None:
    names = {"api_url": "http://127.0.0.1:9/api", "ui_url": ""} | fields
    environ = os.environ | {"PREFECT_HOME": str(tmp_path), "PREFECT_API_KEY": "secret"}
    printed = subprocess.run(
        [sys.executable, "-c", APPLY.format(when=when, fields=names)],
        env=environ, capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert printed.stdout.replace("**********", "****").strip() == expected.format(home=tmp_path), printed.stderr


def test_naming_the_stack_costs_no_import_of_prefect() -> None:
    code = "import sys, deployments.stack; print('prefect' in sys.modules, 'pydantic' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert printed.stdout == "False False\n"


def test_a_stack_is_embedded_when_it_has_a_supervisor() -> None:
    assert Stack("", "", Path(), supervisor_pid=5).is_embedded
    assert not Stack("", "", Path()).is_embedded
