"""Start, sudden death, start again, stop: what is left behind (nothing)."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest

from deployments import stack as embedded
from deployments._processes import find_marked, is_running
from deployments.ports import Ports, is_free
from repomill.settings import Settings
from tests.integration.stack.prefect_api import run_command
from tests.integration.stack.running_stack import Running
from tests.servers.waiting import wait_until

OUT_OF_THE_WAY = (14200, 14280)
"""Ports that no other stack takes between the death and the next start."""


@pytest.fixture
def settings(running: Running, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a home whose Prefect database is migrated, which saves half the start."""
    (tmp_path / "prefect").mkdir()
    with (
        closing(sqlite3.connect(running.settings.home / "prefect/prefect.db")) as migrated,
        closing(sqlite3.connect(tmp_path / "prefect/prefect.db")) as copy,
    ):
        migrated.backup(copy)
    (tmp_path / "ports.json").write_text(json.dumps(asdict(Ports(*OUT_OF_THE_WAY))))
    settings = Settings(home=tmp_path, artifacts_url="", database_url="")
    yield settings
    embedded.stop(settings)


def sleepers(home: Path) -> list[psutil.Process]:
    return [process for process in find_marked(home) if is_running(process) and process.name() == "sleep"]


def submit_sleeper(stack: embedded.Stack) -> psutil.Process:
    run_command(stack.api_url, "sleep 600")
    wait_until(lambda: sleepers(stack.home))
    return sleepers(stack.home)[0]


def states(home: Path) -> list[str]:
    """Return the states of all flow runs, oldest first, from the database of a server that is down."""
    with closing(sqlite3.connect(home / "prefect/prefect.db")) as database:
        return [row[0] for row in database.execute("SELECT state_type FROM flow_run ORDER BY created")]


def with_traceback(logs: Path) -> list[str]:
    """Name the logs with a traceback; the worker's has one, for it looks for the hooks of a flow that is none."""
    return [log.name for log in logs.glob("[!w]*.log*") if "Traceback" in log.read_text(encoding="utf-8")]


def test_a_stack_survives_the_death_of_its_supervisor_and_leaves_nothing_behind(settings: Settings) -> None:
    first = embedded.start(settings)
    orphan = submit_sleeper(first)
    psutil.Process(first.supervisor_pid).kill()
    wait_until(lambda: embedded.status(settings) is None)
    wait_until(lambda: is_free(first.prefect_port) and is_free(first.links_port))

    second = embedded.start(settings)
    assert (second.api_url, second.links_url) == (first.api_url, first.links_url)
    assert second.supervisor_pid != first.supervisor_pid
    assert not is_running(orphan)

    run = submit_sleeper(second)
    assert embedded.stop(settings)
    assert not is_running(run)
    assert states(settings.home)[-1] == "CRASHED"
    assert not find_marked(settings.home)
    assert is_free(second.prefect_port)
    assert is_free(second.links_port)
    assert embedded.status(settings) is None
    assert not (settings.home / "stack.json").exists()
    assert not embedded.stop(settings)
    assert with_traceback(settings.home / "logs") == []
