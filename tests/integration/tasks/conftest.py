"""Services on a real SQLite file and a real folder."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from repomill.settings import Settings
from tasks.services import Services


@pytest.fixture
def services(tmp_path: Path, migrated_sqlite: Path) -> Iterator[Services]:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(migrated_sqlite, home / "repomill.db")
    opened = Services.from_settings(Settings(home=home, database_url="", artifacts_url="", max_file_size=1000))
    asyncio.run(opened.store.check())
    yield opened
    asyncio.run(opened.aclose())
