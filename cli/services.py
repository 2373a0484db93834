"""Database and artefact store for commands that need no flow run."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from cli.boundary import load_settings

if TYPE_CHECKING:
    from storage.database.scope import Scope
    from storage.database.work import Work
    from tasks.services import Services

T = TypeVar("T")


@asynccontextmanager
async def opened(links_url: str = "") -> "AsyncIterator[Services]":
    """Open what the settings name; the schema is brought up first where that is safe (see `prepare_database`).

    `links_url` is where browsers find archives, when an engine is in use.
    """
    from deployments.preparation import prepare_database
    from tasks.services import Services

    services = replace(Services.from_settings(load_settings()), links_url=links_url)
    try:
        prepare_database(services.database)
        await services.check_store()
        yield replace(services, scope=await _acting(services))
    finally:
        await services.aclose()


async def _acting(services: "Services") -> "Scope":
    """Return the scope of the user who acts; raises `UserNotFound`."""
    name = load_settings().acting_user
    user = await services.database.run(services.scope, lambda work: work.users.by_name(name), read_only=True)
    return services.scope.acting_as(user.id)


def run_async(main: Coroutine[Any, Any, T]) -> T:
    """Run a command's coroutine; Ctrl-C cancels it and is seen by `error_boundary`."""
    import asyncio

    return asyncio.run(main)


def query(function: "Callable[[Work], T]") -> T:
    """Ask the database once."""

    async def ask() -> T:
        async with opened() as services:
            return await services.database.run(services.scope, function)

    return run_async(ask())
