"""A store that goes away or refuses at any operation of a run: taken up again, the run ends whole."""

import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import pytest

from repomill.errors import ArtifactStoreRefused, ArtifactStoreUnavailable, RepomillError
from repomill.settings import Settings
from storage.artifacts.local import LocalDirectoryStore
from storage.database.transitions import ExecutionStatus
from tasks.services import Services
from tests.e2e.agents import bare_repository
from tests.fakes.walks import admit_document
from tests.fakes.whole_runs import SPEC, run_whole
from tests.integration.tasks.whole_ends import look_at_everything


@dataclass
class Outage:
    """After so many operations the store has none left to give; `error` is what it says then."""

    error: Callable[[], RepomillError]
    left: int

    def count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise self.error()


class FailingStore(LocalDirectoryStore):
    """A folder with an outage."""

    def __init__(self, folder: Path, outage: Outage) -> None:
        super().__init__(folder)
        self._outage = outage

    async def put(self, key: str, content: bytes) -> None:
        self._outage.count()
        await super().put(key, content)

    async def put_file(self, key: str, path: Path) -> None:
        self._outage.count()
        await super().put_file(key, path)

    async def copy(self, source: str, target: str) -> None:
        self._outage.count()
        await super().copy(source, target)

    async def get(self, key: str) -> bytes:
        self._outage.count()
        return await super().get(key)

    async def open(self, key: str) -> BinaryIO:
        self._outage.count()
        return await super().open(key)

    async def download(self, key: str, path: Path) -> None:
        self._outage.count()
        await super().download(key, path)

    async def size(self, key: str) -> int:
        self._outage.count()
        return await super().size(key)


def gone() -> RepomillError:
    return ArtifactStoreUnavailable("the store", "connection refused")


def refusing() -> RepomillError:
    return ArtifactStoreRefused("the store", "AccessDenied")


@pytest.fixture
async def homes(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[Callable[[], Services]]:
    """Make new homes, each with an empty database and an empty store."""
    made: list[Services] = []

    def make() -> Services:
        home = tmp_path / f"home-{len(made)}"
        (home / "artifacts").mkdir(parents=True)
        shutil.copy(migrated_sqlite, home / "repomill.db")
        made.append(Services.from_settings(Settings(home=home, database_url="", artifacts_url="")))
        bare_repository(home / "remote.git")
        return made[-1]

    yield make
    for services in made:
        await services.aclose()


@pytest.mark.parametrize("error", [gone, refusing])
async def test_a_run_goes_on_after_an_outage_at_any_operation(
    homes: Callable[[], Services], error: Callable[[], RepomillError]
) -> None:
    operations = 0
    while await failed_at(homes(), Outage(error, operations)):
        operations += 1
    assert operations > 8


async def failed_at(services: Services, outage: Outage) -> bool:
    """Run with an outage, and once more without if that was too much; tell whether it was."""
    folder = Path(services.store.name)
    remote = folder.with_name("remote.git")
    execution = await admit_document(services, SPEC, remote=remote.as_uri())
    try:
        await run_whole(replace(services, store=FailingStore(folder, outage)), execution)
    except (ArtifactStoreUnavailable, ArtifactStoreRefused):
        found = await services.database.run(services.scope, lambda work: work.executions.get(execution))
        assert found.status is ExecutionStatus.FAILED
        with pytest.raises(type(outage.error())):  # what had completed cannot be read, and has not failed for that
            await run_whole(replace(services, store=FailingStore(folder, Outage(outage.error, 0))), execution)
        await run_whole(services, execution)
        await look_at_everything(services, execution, remote)
        return True
    return False
