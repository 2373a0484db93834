"""A run of an agent in a process of its own, which ends by SIGKILL right before or after one of its model calls."""

import asyncio
import os
import signal
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import SecretStr

import tasks.open_execution
from repomill.agents.source import ModelSource
from repomill.calls.ledger import CallKey, CallRequest, CallRow, Usage
from repomill.canonical import Json
from repomill.settings import Settings
from repomill.workflow.spec import WorkflowSpec
from storage.database.ledger import SqlCallLedger
from tasks.services import Services
from tasks.sources import Sources
from tests.fakes.bundled_runs import run_here
from tests.integration.tasks.forked import PROCESSES

PRICES = {"input_price": Decimal(1), "output_price": Decimal(1)}


def start(settings: Mapping[str, Any], execution: UUID, base_url: str, death: tuple[str, int] = ("", 0)) -> Any:
    """Start a run that dies before the request of a call is marked as sent, or after its answer was committed."""
    process = PROCESSES.Process(target=_main, args=(dict(settings), execution, base_url, death))
    process.start()
    return process


def _main(settings: dict[str, Any], execution: UUID, base_url: str, death: tuple[str, int]) -> None:
    async def load(spec: WorkflowSpec) -> Sources:
        main = ModelSource(name="main", base_url=base_url, api_key=SecretStr("k"), model="m", **PRICES)
        return Sources(spec, {"main": main})

    class DyingLedger(SqlCallLedger):
        async def reserve_and_send(self, call: CallRequest) -> CallRow:
            _die_at(death, "before", call.key)
            return await super().reserve_and_send(call)

        async def record_and_settle(self, key: CallKey, response: Json, usage: Usage, latency_ms: int) -> CallRow:
            row = await super().record_and_settle(key, response, usage, latency_ms)
            _die_at(death, "after", key)
            return row

    parts: Any = tasks.open_execution
    parts.load_sources, parts.SqlCallLedger = load, DyingLedger
    asyncio.run(_run(Services.from_settings(Settings(**settings)), execution))


async def _run(services: Services, execution: UUID) -> None:
    error = await run_here(services, execution)
    await services.aclose()
    if error is not None:
        raise error


def _die_at(death: tuple[str, int], when: str, key: CallKey) -> None:
    if death == (when, key.ordinal):
        os.kill(os.getpid(), signal.SIGKILL)
