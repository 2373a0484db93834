"""Put what flows need into a Prefect server: blocks from the settings, the work pool, the fixed deployments."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from deployments.examples import ROOT
from deployments.preparation import prepare_database
from repomill.canonical import digest
from storage.artifacts.factory import store_of
from storage.database.session import Database

if TYPE_CHECKING:
    from deployments.stack import Stack
    from repomill.settings import Settings

Progress = Callable[[str], None]

MODEL_VARIABLES = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL")
"""The provider's own names, as its SDK reads them; they seed the block `repomill-openai/openai`."""


def ensure_bootstrapped(settings: "Settings", stack: "Stack", progress: Progress, *, overwrite: bool = False) -> None:
    """Seed blocks, work pool and deployments, unless this embedded server has exactly these already.

    A server that somebody named may be shared: what is there is overwritten only where that was asked for.

    Raises:
        BlocksDiffer: such a server points elsewhere than the settings.
        DatabaseUnavailable, DatabaseOutdated, ArtifactStoreUnavailable, ArtifactStoreRefused: what the settings name
            cannot be used; nothing was seeded.
    """
    _check_storage(settings)
    marker, fingerprint = stack.home / "bootstrap.txt", _fingerprint(settings, stack)
    if stack.is_embedded and marker.is_file() and marker.read_text() == fingerprint:
        return
    progress("seeding blocks and deployments")
    from deployments.seeding import seed

    asyncio.run(seed(settings, stack, overwrite=overwrite or stack.is_embedded))
    if stack.is_embedded:
        marker.write_text(fingerprint)


def _check_storage(settings: "Settings") -> None:
    database = Database(settings.effective_database_url())
    try:
        prepare_database(database)
        asyncio.run(_check_store(settings, database))
    finally:
        database.close()


async def _check_store(settings: "Settings", database: Database) -> None:
    from tasks.services import check_store

    store = store_of(settings)
    try:
        await check_store(database, store)
    finally:
        await store.aclose()


def _fingerprint(settings: "Settings", stack: "Stack") -> str:
    """Name what would be seeded; a digest, so that no secret lies on disk a second time."""
    code = [path.read_text() for path in [ROOT / "prefect.yaml", *_sources("blocks", "deployments", "flows", "tasks")]]
    values = {
        "server": [stack.api_url, _age(stack.home / "prefect" / "prefect.db")],
        "links": stack.links_url,
        "database": settings.effective_database_url(),
        "artifacts": settings.effective_artifacts_url(),
        "keys": [settings.minio_access_key.get_secret_value(), settings.minio_secret_key.get_secret_value()],
        "max_file_size": settings.max_file_size,
        "input_roots": [str(folder) for folder in settings.allowed_input_roots()],
        "models": [os.environ.get(name, "") for name in MODEL_VARIABLES],
        "code": code,
    }
    return digest(values)


def _sources(*packages: str) -> list[Path]:
    """Return the modules that say what is seeded: blocks, how it is done, flows, and the models of their forms."""
    return [path for package in packages for path in sorted((ROOT / package).glob("*.py"))]


def _age(database: Path) -> str:
    """Tell one server database from a later one at the same place."""
    return str(database.stat().st_ino) if database.exists() else ""
