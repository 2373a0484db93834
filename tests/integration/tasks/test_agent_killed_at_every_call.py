"""An agent of twelve calls, killed before, during and after each of them, one time after the other.

Each life asks only for what no earlier one had an answer to; what was in flight is asked once more.
"""

import asyncio
import os
import signal
from typing import Any
from uuid import UUID

import pytest

from repomill.calls.ledger import CallKind, CallState
from storage.database.models import Call
from tasks.services import Services
from tests.fakes.agent_tools import script
from tests.fakes.bundled_runs import tree_of
from tests.fakes.walks import admit_document, document
from tests.integration.tasks.dying_agent import start
from tests.servers.model_server import Asked, Reply, model_server
from tests.servers.waiting import wait_until

pytestmark = pytest.mark.embedded_only("36 processes; test_runs_killed_at_arrows kills them on both")

CALLS = 12
TURNS: list[Any] = [[("write_file", {"path": f"{n}.txt", "content": f"page {n}\n"})] for n in range(1, CALLS)]
AGENT = document(
    [
        {
            "id": "write",
            "type": "llm",
            "config": {"source": "main", "prompt": "Write.", "max_tokens": 100, "tools": ["tree"]},
        }
    ],
    sources={"main": {"kind": "openai", "block": "main"}},
)


class Model:
    """Plays the agent's part; kills who asks for the call of number `deadly`, once."""

    def __init__(self) -> None:
        self.deadly = 0
        self.victim = 0
        """Process id; 0 until it is known."""
        self.asked: list[int] = []

    def __call__(self, asked: Asked) -> Reply:
        number = 1 + sum(message["role"] == "assistant" for message in asked.body["messages"])
        self.asked.append(number)
        if number == self.deadly:
            wait_until(lambda: self.victim)
            os.kill(self.victim, signal.SIGKILL)
            return Reply(drop="after")
        return script(*TURNS, "Done.")(asked)


class Lives:
    """Runs of one execution, in processes of their own."""

    def __init__(self, settings: dict[str, Any], execution: UUID, model: Model, url: str) -> None:
        self._given = (settings, execution, url)
        self._model = model

    async def live(self, when: str = "", number: int = 0) -> tuple[int, list[int]]:
        """Run until it dies there; return how it ended and which calls the model was asked for."""
        settings, execution, url = self._given
        self._model.asked.clear()
        self._model.deadly, self._model.victim = number if when == "during" else 0, 0
        process = start(settings, execution, url, (when, number))
        self._model.victim = process.pid
        await asyncio.to_thread(process.join)
        return process.exitcode, list(self._model.asked)


async def model_calls(services: Services, execution: UUID) -> list[Call]:
    rows = await services.database.run(services.scope, lambda work: work.calls.list(execution))
    return [row for row in rows if row.kind is CallKind.MODEL]


async def test_killed_at_every_call_it_asks_for_nothing_twice_that_was_answered(
    services: Services, settings: dict[str, Any]
) -> None:
    model = Model()
    execution, undisturbed = [await admit_document(services, AGENT) for _ in range(2)]
    with model_server(model) as server:
        lives = Lives(settings, execution, model, server.base_url)
        for number in range(1, CALLS + 1):
            assert await lives.live("before", number) == (-signal.SIGKILL, [])
            assert await lives.live("during", number) == (-signal.SIGKILL, [number])
            assert (await model_calls(services, execution))[-1].state is CallState.SENT
            assert await lives.live("after", number) == (-signal.SIGKILL, [number])
        assert await lives.live() == (0, [])
        assert await Lives(settings, undisturbed, model, server.base_url).live() == (0, [*range(1, CALLS + 1)])
    assert await tree_of(services, execution) == await tree_of(services, undisturbed) is not None
    killed, quiet = await model_calls(services, execution), await model_calls(services, undisturbed)
    assert [(row.state, row.sends) for row in killed] == [(CallState.SETTLED, 2)] * CALLS
    # What was in flight is charged at its bound, besides what the second answer cost.
    costs = [(row.cost, row.reserved_amount) for row in quiet]
    assert [row.cost for row in killed] == [(cost or 0) + (bound or 0) for cost, bound in costs]
    assert all(cost and bound and bound > cost for cost, bound in costs)
