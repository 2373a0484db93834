import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from repomill.scratch import PREFIX, clear_up, scratch_folder

LONG_AGO = time.time() - 3600
HOLD = "from repomill.scratch import *\nwith scratch_folder() as f: print(f, flush=True); input()"


@contextmanager
def holder(place: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Start a process that has a scratch folder, which looks old."""
    command = [sys.executable, "-c", HOLD]
    environment = {**os.environ, "TMPDIR": str(place)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        (folder / "half").write_bytes(b"of a tree")
        os.utime(folder, (LONG_AGO, LONG_AGO))
        try:
            yield process, folder
        finally:
            process.kill()


def test_a_scratch_folder_is_gone_afterwards() -> None:
    with scratch_folder() as folder:
        (folder / "file").touch()
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()


def test_it_is_gone_after_an_error() -> None:
    with pytest.raises(ValueError, match="broken"), scratch_folder() as folder:
        raise ValueError("broken")
    assert not folder.exists()


def test_what_a_killed_process_left_is_cleared_up(tmp_path: Path) -> None:
    with holder(tmp_path) as (process, folder):
        process.kill()
        process.wait()
        assert folder.exists()
        clear_up(tmp_path)
    assert not folder.exists()


def test_what_a_living_process_has_stays(tmp_path: Path) -> None:
    with holder(tmp_path) as (_, folder):
        clear_up(tmp_path)
        assert (folder / "half").exists()


def test_a_folder_that_was_just_made_stays(tmp_path: Path) -> None:
    new = tmp_path / f"{PREFIX}new"
    new.mkdir()
    clear_up(tmp_path)
    assert new.exists()


def test_a_link_of_that_name_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    os.utime(tmp_path / "kept", (LONG_AGO, LONG_AGO))
    (tmp_path / f"{PREFIX}link").symlink_to(tmp_path / "kept")
    clear_up(tmp_path)
    assert (tmp_path / "kept").exists()
