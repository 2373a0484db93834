"""Whether every part works, for `repomill doctor`."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from deployments.stack import ensure_stack, status
from repomill.errors import GitMissing
from storage.artifacts.factory import store_of
from storage.database import schema
from storage.database.session import Database

if TYPE_CHECKING:
    from repomill.settings import Settings

Check = Callable[[], Awaitable[str]]


def checks(settings: "Settings") -> Mapping[str, Check]:
    """Return the checks by part; each says what it found, or raises what is wrong."""
    return {
        "settings": lambda: _settings(settings),
        "git": _git,
        "database": lambda: _database(settings),
        "artifact store": lambda: _store(settings),
        "prefect": lambda: _prefect(settings),
    }


async def _settings(settings: "Settings") -> str:
    return f"home {settings.home.resolve()}"


async def _git() -> str:
    git = shutil.which("git")
    if git is None:
        raise GitMissing
    process = await asyncio.create_subprocess_exec(git, "--version", stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    return output.decode().strip()


async def _database(settings: "Settings") -> str:
    database = Database(settings.effective_database_url())
    try:
        found = await asyncio.to_thread(schema.current, database)
        if found is not None:
            await asyncio.to_thread(schema.check, database)
        return f"{database.name}, {'revision ' + found if found else 'empty, made at the first use'}"
    finally:
        database.close()


async def _store(settings: "Settings") -> str:
    store = store_of(settings)
    try:
        await store.check()
        return store.name
    finally:
        await store.aclose()


async def _prefect(settings: "Settings") -> str:
    import os

    if "PREFECT_API_URL" in os.environ:
        return (await asyncio.to_thread(ensure_stack, settings)).api_url
    found = status(settings)
    return found.api_url if found else "embedded, not started (`repomill up`)"
