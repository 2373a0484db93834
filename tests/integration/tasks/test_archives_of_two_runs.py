"""Two runs that share nothing but the lock file and the machine's kind make the same archives."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from repomill.trees.archives import ARCHIVE_FORMATS

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.embedded_only("archives are made of a tree; where it was kept is not in them")


def run(home: Path, database: Path, umask: str, **environment: str) -> list[str]:
    home.mkdir(parents=True)
    shutil.copy(database, home / "repomill.db")
    command = [sys.executable, "-m", "tests.integration.tasks.one_run", str(home), umask]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.splitlines()


def test_archives_of_two_runs_are_equal_byte_for_byte(tmp_path: Path, migrated_sqlite: Path) -> None:
    first = run(tmp_path / "a", migrated_sqlite, "022", TZ="Asia/Tokyo", LC_ALL="C.UTF-8", PYTHONHASHSEED="1")
    second = run(tmp_path / "far/b", migrated_sqlite, "077", TZ="America/Lima", LC_ALL="C", PYTHONHASHSEED="2")
    assert first == second
    assert [line.split()[0] for line in first] == list(ARCHIVE_FORMATS)
