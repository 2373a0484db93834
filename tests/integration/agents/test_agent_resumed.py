"""An agent with tools that is killed goes on where it was: nothing that was answered is asked again."""

from typing import Any

import pytest

from repomill.calls.ledger import CallState
from repomill.calls.memory_ledger import MemoryCallLedger
from tests.fakes.agent_runs import ROOT
from tests.fakes.agent_tools import Said, run_llm, script
from tests.servers.model_server import Asked, Reply

TURNS: list[Any] = [[("write_file", {"path": f"{number}.txt", "content": str(number)})] for number in range(11)]


class Killed(Exception):
    """Stands for SIGKILL: nothing after it runs."""


class DyingLedger(MemoryCallLedger):
    """Ends the process, so to speak, before the step of this number."""

    left = 10_000

    async def mark_sent(self, key: Any) -> Any:
        self._count()
        return await super().mark_sent(key)

    async def record_answer(self, *given: Any) -> Any:
        self._count()
        return await super().record_answer(*given)

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed


async def undisturbed() -> Said:
    return await run_llm(script(*TURNS, "Done."), ["tree"])


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 17, 32, 33, 34, 35, 45])
async def test_killed_anywhere_it_goes_on_there_and_writes_the_same_tree(steps: int) -> None:
    ledger, asked = DyingLedger(ROOT), []

    def answer(request: Asked) -> Reply:
        asked.append(request.digest)
        return script(*TURNS, "Done.")(request)

    ledger.left = steps
    with pytest.raises(Killed):
        await run_llm(answer, ["tree"], ledger)
    ledger.left = 10_000
    resumed = await run_llm(answer, ["tree"], ledger)
    assert resumed.files == (await undisturbed()).files
    assert len(asked) - len(set(asked)) <= 1
    assert {row.state for row in ledger.rows.values()} == {CallState.SETTLED}
    assert max(row.sends for row in ledger.rows.values()) <= 2


async def test_an_agent_that_ran_to_its_end_asks_nobody_again() -> None:
    ledger = MemoryCallLedger(ROOT)
    first = await run_llm(script(*TURNS, "Done."), ["tree"], ledger)
    again = await run_llm(script(*TURNS, "Done."), ["tree"], ledger)
    assert (again.files, again.requests) == (first.files, [])
