"""A store that goes away or refuses at any operation of a run: taken up again, the run ends whole."""

import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from repomill.errors import ArtifactStoreRefused, ArtifactStoreUnavailable, RepomillError
from repomill.settings import Settings
from storage.database.transitions import ExecutionStatus
from tasks.services import Services
from tests.e2e.agents import bare_repository
from tests.fakes.walks import admit_document
from tests.fakes.watched_store import watched
from tests.fakes.whole_runs import SPEC, run_whole
from tests.integration.tasks.whole_ends import look_at_everything

pytestmark = pytest.mark.embedded_only("dozens of empty stores; what a real server does then is tested end to end")

USED = {"put", "put_file", "copy", "get", "open", "download", "size"}


@dataclass
class Outage:
    """After so many operations the store has none left to give; `error` is what it says then."""

    error: Callable[[], RepomillError]
    left: int

    def __call__(self, operation: str, *others: object) -> None:
        self.left -= operation in USED
        if self.left < 0:
            raise self.error()


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
    remote = Path(services.store.name).with_name("remote.git")
    execution = await admit_document(services, SPEC, remote=remote.as_uri())
    try:
        await run_whole(replace(services, store=watched(services.store, outage)), execution)
    except (ArtifactStoreUnavailable, ArtifactStoreRefused):
        found = await services.database.run(services.scope, lambda work: work.executions.get(execution))
        assert found.status is ExecutionStatus.FAILED
        with pytest.raises(type(outage.error())):  # what had completed cannot be read, and has not failed for that
            await run_whole(replace(services, store=watched(services.store, Outage(outage.error, 0))), execution)
        await run_whole(services, execution)
        await look_at_everything(services, execution, remote)
        return True
    return False
