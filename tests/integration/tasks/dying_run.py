"""A run in a process of its own, which ends by SIGKILL right before or after the commit of a change of status."""

import asyncio
import os
import signal
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import event
from sqlalchemy.orm import Session

from repomill.errors import RepomillError
from repomill.settings import Settings
from storage.database.changes import StatusChange, kept
from tasks.services import Services
from tests.fakes.whole_runs import run_whole
from tests.integration.tasks.forked import PROCESSES


def start(settings: Mapping[str, Any], execution: UUID, death: str = "") -> Any:
    """Start a run that dies at a moment, as `before generated project completed`; without one it lives."""
    process = PROCESSES.Process(target=_main, args=(dict(settings), execution, death))
    process.start()
    return process


def _main(settings: dict[str, Any], execution: UUID, death: str) -> None:
    services = Services.from_settings(Settings(**settings))
    when, _, arrow = death.partition(" ")
    if when == "before":
        event.listen(Session, "before_commit", lambda session: _die_at(arrow, kept(session)))
    if when == "after":
        services.database.listeners.append(lambda changes: _die_at(arrow, changes))
    asyncio.run(_run(services, execution))


async def _run(services: Services, execution: UUID) -> None:
    try:
        await run_whole(services, execution)
    except RepomillError:
        pass  # its row says so
    finally:
        await services.aclose()


def _die_at(arrow: str, changes: Any) -> None:
    if arrow in map(_named, changes):
        os.kill(os.getpid(), signal.SIGKILL)


def _named(change: StatusChange) -> str:
    return f"{change.entity} {change.after}"
