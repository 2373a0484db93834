"""What a stack is while it runs."""

import json
from pathlib import Path

import httpx
import psutil
import pytest

from deployments import stack as embedded
from deployments._processes import find_marked
from tests.e2e.prefect_server import PrefectServer
from tests.integration.stack.running_stack import Running
from tests.servers.waiting import PATIENCE, wait_until


def get(url: str) -> httpx.Response:
    with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
        return client.get(url)


def test_two_commands_that_start_at_once_get_the_same_stack(running: Running) -> None:
    assert running.outputs == [f"{running.stack}\n"] * 2


def test_the_one_that_starts_says_what_takes_long_and_the_other_is_quiet(running: Running) -> None:
    assert sorted(running.errors) == ["", "starting the Prefect server (first start takes about 20 s)\n"]


def test_a_taken_port_is_left_to_its_owner(running: Running) -> None:
    assert running.stack.prefect_port != 4200
    assert running.stack.api_url == f"http://127.0.0.1:{running.stack.prefect_port}/api"


def test_exactly_one_process_of_each_kind_runs(running: Running) -> None:
    state = json.loads((running.settings.home / "stack.json").read_text(encoding="utf-8"))
    children = psutil.Process(running.stack.supervisor_pid).children()
    assert sorted(child.pid for child in children) == sorted(part["pid"] for part in state["parts"].values())
    assert state["parts"].keys() == {"Prefect server", "link server", "worker", "loss watch"}


def test_starting_it_again_returns_it_without_a_word(running: Running) -> None:
    said: list[str] = []
    assert embedded.start(running.settings, said.append) == running.stack
    assert not said


def test_the_ui_is_where_the_stack_says(running: Running) -> None:
    assert get(f"{running.stack.ui_url}/v2/").status_code == 200


def test_the_worker_waits_for_runs_of_the_work_pool(running: Running) -> None:
    workers = PrefectServer(running.stack.api_url).post("/work_pools/repomill/workers/filter")
    assert [(worker["name"], worker["status"]) for worker in workers] == [("embedded", "ONLINE")]


def test_an_archive_of_the_store_opens_by_its_link(running: Running) -> None:
    archive = running.settings.home / "artifacts/org/acme/archives/a.zip"
    archive.parent.mkdir(parents=True, exist_ok=True)
    archive.write_bytes(b"PK")
    assert get(f"{running.stack.links_url}/org/acme/archives/a.zip").content == b"PK"


def test_only_loopback_is_listened_on(running: Running) -> None:
    listening = [
        item.laddr.ip
        for process in find_marked(running.settings.home)
        for item in process.net_connections(kind="tcp")
        if item.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 2
    assert set(listening) == {"127.0.0.1"}


def test_a_part_that_is_killed_is_started_again(running: Running) -> None:
    def link_server() -> int:
        state = json.loads((running.settings.home / "stack.json").read_text(encoding="utf-8"))
        return int(state["parts"]["link server"]["pid"])

    before = link_server()
    psutil.Process(before).kill()
    wait_until(lambda: link_server() != before)
    wait_until(lambda: _answers(f"{running.stack.links_url}/health"))
    assert embedded.status(running.settings) == running.stack


def _answers(url: str) -> bool:
    try:
        return get(url).status_code == 200
    except httpx.TransportError:
        return False


def test_an_api_that_is_named_and_is_ours_counts_as_ours(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", running.stack.api_url)
    assert embedded.ensure_stack(running.settings) == running.stack


def test_an_api_of_somebody_else_is_used_and_nothing_is_started(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", running.stack.api_url)
    other = running.settings.model_copy(update={"home": tmp_path / "other"})
    found = embedded.ensure_stack(other)
    assert (found.api_url, found.ui_url, found.is_embedded) == (running.stack.api_url, running.stack.ui_url, False)
    assert not other.home.exists()
