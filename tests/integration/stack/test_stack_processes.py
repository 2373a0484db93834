"""Processes that are named without doubt and ended with what they started."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil

from deployments._processes import ProcessId, end_tree, find_marked, is_running, listens, sweep
from deployments.environment import STACK_MARK
from tests.servers.waiting import wait_until

WAITING = "import signal; signal.pause()"
DEAF_FAMILY = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "600"])
print(child.pid, flush=True)
signal.pause()
"""

REPORTING_PARENT = """
import pathlib, subprocess, time
child = subprocess.Popen(["sleep", "600"])
print(child.pid, flush=True)
child.wait()
while time.process_time() < 0.4:
    pass
pathlib.Path("{report}").write_text("ended")
import signal; signal.pause()
"""
"""It takes its time, as a worker that has to ask a server."""
ENDER = "from deployments._processes import end_tree; end_tree({pid}, grace=5)"


@contextmanager
def python(code: str, extra: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=os.environ | dict(extra or {})
    ) as process:
        yield process
        process.kill()


@contextmanager
def stopped(*processes: subprocess.Popen[str]) -> Iterator[None]:
    """Let these processes stand still for the length of the block."""
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGCONT)


def test_a_process_that_ended_is_not_alive_even_before_it_is_reaped() -> None:
    with python(WAITING) as process:
        name = ProcessId.of(process.pid)
        assert name.is_alive()
        os.kill(process.pid, signal.SIGKILL)
        wait_until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE)
        assert not name.is_alive()
    assert not name.is_alive()


def test_a_process_id_that_is_used_again_names_another_process() -> None:
    mine = ProcessId.of(os.getpid())
    assert mine.is_alive()
    assert not replace(mine, created=mine.created - 60).is_alive()


def test_a_process_that_ignores_the_request_is_killed_with_its_children() -> None:
    with python(DEAF_FAMILY) as process:
        assert process.stdout
        child = psutil.Process(int(process.stdout.readline()))
        end_tree(process.pid, grace=0.1)
        assert not child.is_running()
        assert not psutil.pid_exists(process.pid)


def test_a_parent_reports_the_end_of_its_children_though_the_machine_stands_still_meanwhile(tmp_path: Path) -> None:
    with python(REPORTING_PARENT.format(report=tmp_path / "report")) as parent:
        assert parent.stdout
        child = psutil.Process(int(parent.stdout.readline()))
        with python(ENDER.format(pid=parent.pid)) as ender:
            wait_until(lambda: not is_running(child))
            with stopped(parent, ender):
                until = time.monotonic() + 1.5
                wait_until(lambda: time.monotonic() > until)
            ender.wait()
    assert (tmp_path / "report").read_text() == "ended"


def test_ending_what_is_gone_is_no_error() -> None:
    with python("") as process:
        process.wait()
        end_tree(process.pid, grace=0.1)
    assert process.returncode == 0


def test_a_sweep_ends_the_marked_of_one_home_and_nobody_else(tmp_path: Path) -> None:
    ours, other = {STACK_MARK: str(tmp_path / "ours")}, {STACK_MARK: str(tmp_path / "other")}
    with python(WAITING, ours) as stray, python(WAITING, other) as neighbour:
        wait_until(lambda: find_marked(tmp_path / "ours"))
        assert sweep(tmp_path / "ours") == 1
        assert not psutil.pid_exists(stray.pid)
        assert neighbour.poll() is None
    assert sweep(tmp_path / "ours") == 0


def test_a_process_that_is_gone_listens_nowhere() -> None:
    with python("") as process:
        process.wait()
    assert not listens(process.pid, 80)
