"""A stack that cannot start says which part, why, and where to read more."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from filelock import FileLock

from deployments import stack as embedded
from deployments._processes import ProcessId, find_marked
from deployments._state import Phase, StackState, StateFile
from deployments.ports import Ports
from deployments.supervisor import ANOTHER_LIVES
from repomill.errors import StackFailed
from repomill.settings import Settings

DEAF = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
signal.pause()
"""


def test_the_part_that_failed_is_named_with_its_own_last_words(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, artifacts_url="nonsense://place", database_url="")
    with pytest.raises(StackFailed) as caught:
        embedded.start(settings)
    assert caught.value.part == "link server"
    assert "REPOMILL_ARTIFACTS_URL='nonsense://place' cannot be used" in caught.value.reason
    assert caught.value.reason in Path(caught.value.log).read_text(encoding="utf-8")
    assert embedded.status(settings) is None
    assert not find_marked(tmp_path)


def test_stopping_what_never_ran_is_no_error(tmp_path: Path) -> None:
    assert not embedded.stop(Settings(home=tmp_path / "nothing"))
    assert not (tmp_path / "nothing").exists()


def test_a_supervisor_that_cannot_even_begin_is_reported_with_its_last_words(tmp_path: Path) -> None:
    (tmp_path / "supervisor.lock").mkdir()
    with pytest.raises(StackFailed) as caught:
        embedded.start(Settings(home=tmp_path, artifacts_url="", database_url=""))
    assert caught.value.part == "supervisor"
    assert "supervisor.lock" in caught.value.reason


def test_a_home_that_has_a_supervisor_gets_no_second_one(tmp_path: Path) -> None:
    with FileLock(tmp_path / "supervisor.lock"):
        second = subprocess.run([sys.executable, "-m", "deployments.supervisor", "--home", tmp_path], check=False)
    assert second.returncode == ANOTHER_LIVES
    assert not (tmp_path / "stack.json").exists()


def test_a_supervisor_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE) as deaf:
        assert deaf.stdout
        assert deaf.stdout.readline() == b"deaf\n"
        state = StackState(Phase.READY, ProcessId.of(deaf.pid), Ports(1, 2), versions={}, parts={})
        StateFile(tmp_path / "stack.json", state)
        assert embedded.stop(Settings(home=tmp_path), within=0.2)
        assert not psutil.pid_exists(deaf.pid)
    assert embedded.status(Settings(home=tmp_path)) is None


def test_a_state_file_of_another_version_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text('{"phase": "dancing"}', encoding="utf-8")
    assert embedded.status(Settings(home=tmp_path)) is None
