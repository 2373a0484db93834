"""A store that answers late, or later than its time limit: a run takes longer and ends as any other."""

import shutil
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from repomill.errors import ArtifactStoreUnavailable
from repomill.settings import Settings
from tasks.services import Services
from tests.e2e.agents import bare_repository
from tests.fakes.walks import admit_document
from tests.fakes.whole_runs import SPEC, run_whole
from tests.integration.tasks.whole_ends import look_at_everything
from tests.servers.s3 import S3Server
from tests.servers.slow_way import Pause, slow_way

LIMIT = 0.3
"""Seconds without a byte after which the store's client gives an answer up."""
TURNS = 50
"""Each gets further; on a machine that stands still now and then, other answers are late as well."""

Open = Callable[[str], Services]

pytestmark = pytest.mark.embedded_only("in a bucket, behind a proxy that is slow; the database is a file")


@pytest.fixture
def open_services(swift_s3: S3Server, migrated_sqlite: Path, tmp_path: Path) -> Open:
    """Open one installation, its bucket behind an address."""
    shutil.copy(migrated_sqlite, tmp_path / "repomill.db")
    bucket = f"bucket-{uuid4().hex}"

    def open_at(endpoint: str) -> Services:
        url = S3Server(endpoint, "", "").url(bucket)
        url += "" if endpoint == swift_s3.endpoint else f"&timeout={LIMIT}"
        keys: dict[str, Any] = {"minio_access_key": swift_s3.access_key, "minio_secret_key": swift_s3.secret_key}
        return Services.from_settings(Settings(home=tmp_path, database_url="", artifacts_url=url, **keys))

    return open_at


@pytest.mark.parametrize(
    "pause",
    [
        pytest.param(lambda number: LIMIT / 10, id="every answer late"),
        pytest.param(lambda number: 2 * LIMIT if number % 4 == 3 else 0, id="every fourth answer beyond the limit"),
        pytest.param(lambda number: 2 * LIMIT if 8 <= number < 14 else 0, id="six answers on end beyond the limit"),
    ],
)
async def test_a_run_on_a_slow_store_ends_whole(
    open_services: Open, swift_s3: S3Server, tmp_path: Path, pause: Pause
) -> None:
    remote = bare_repository(tmp_path / "remote.git")
    async with aclosing(open_services(swift_s3.endpoint)) as services:
        await services.store.check()
        execution = await admit_document(services, SPEC, remote=remote.as_uri())
        with slow_way(swift_s3.endpoint, pause) as way:
            async with aclosing(open_services(way)) as slow:
                await run_to_the_end(slow, execution)
        await look_at_everything(services, execution, remote)


async def run_to_the_end(services: Services, execution: UUID) -> None:
    """Run, and take the run up again where the store's client had enough."""
    for _ in range(TURNS):
        try:
            return await run_whole(services, execution)
        except ArtifactStoreUnavailable as error:
            last = error
    raise last
