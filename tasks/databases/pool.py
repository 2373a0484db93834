"""The databases of one run: an engine for each source and mode, threads of their own, and stopping in time."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, Self

from sqlalchemy import Engine, NullPool

from repomill.calls.ledger import FREE
from repomill.calls.sending import Answered, AnswerLost
from repomill.canonical import Json
from repomill.databases.source import DatabaseSource
from repomill.databases.statement import Statement
from repomill.errors import QueryTimeout
from tasks.databases.dialects import Dialect, parsed
from tasks.databases.execution import Execution

AT_ONCE: Final = 8
"""Statements of a run at once; others wait. Each holds a thread and a connection."""

LAST_WAIT: Final = 5.0
"""Seconds that a statement which was stopped has to end; then its thread is left to its driver."""


@dataclass
class SqlDatabases:
    """The `repomill.databases.port.Databases` port; leave it to close its connections."""

    _engines: dict[tuple[str, bool], tuple[Engine, Dialect]] = field(default_factory=dict)
    _threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(AT_ONCE, "sql"))
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for engine, _dialect in self._engines.values():
            await asyncio.to_thread(engine.dispose)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def run(self, source: DatabaseSource, statement: Statement) -> Answered:
        """Run one statement in a thread; its time begins when a thread takes it up."""
        engine, dialect = self._engine(source, writes=statement.writes)
        execution = Execution(engine, dialect, source, statement)
        async with self._slots:
            return Answered(await self._bounded(execution), FREE)

    async def _bounded(self, execution: Execution) -> dict[str, Json]:
        work = asyncio.get_running_loop().run_in_executor(self._threads, execution.run)
        try:
            await asyncio.wait({work}, timeout=execution.statement.timeout)
        finally:
            if not work.done():
                await self._stop(execution, work)
        if not work.done():
            raise _gone_on(execution)
        return work.result()

    async def _stop(self, execution: Execution, work: "asyncio.Future[Any]") -> None:
        """Stop it and see it end, also when the node is cancelled."""
        await asyncio.to_thread(execution.stop)
        await asyncio.wait({work}, timeout=LAST_WAIT)
        if work.done():
            work.exception()  # whoever is cancelled never asks for it, and asyncio would complain

    def _engine(self, source: DatabaseSource, *, writes: bool) -> tuple[Engine, Dialect]:
        key = (source.name, writes)
        if key not in self._engines:
            url, dialect = parsed(source)
            # What a writing statement changes in its session must not meet the next one.
            pool: dict[str, Any] = {"poolclass": NullPool} if writes else {"pool_size": AT_ONCE, "pool_pre_ping": True}
            engine = dialect.engine(url, source, writes=writes, pool={"hide_parameters": True, **pool})
            self._engines[key] = engine, dialect
        return self._engines[key]


def _gone_on(execution: Execution) -> Exception:
    """Return what it means that a statement did not stop: one that writes may be about to be committed."""
    seconds = execution.statement.timeout
    if execution.statement.writes:
        return AnswerLost(f"the statement took longer than {seconds} s, and goes on")
    return QueryTimeout(execution.source.name, seconds)
