"""What a run costs at most is told before it starts, and one that may cost more than its budget is not started."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

import tasks.open_execution
from repomill.agents.source import ModelSource
from repomill.calls.ledger import LedgerMode
from repomill.errors import BoundExceedsBudget, BudgetExceeded, CostUnbounded, PromptTooLong
from repomill.workflow.spec import WorkflowSpec
from storage.database.work import Work
from tasks.services import Services
from tasks.sources import Sources
from tests.fakes.walks import Walked, admit_document, document, run_execution, walk
from tests.servers.model_server import Asked, ModelServer, Reply, model_server

# One call of an agent costs at most 100,000 tokens at 10 dollars a million: a dollar, or two if an answer is lost.
ASK = {"source": "main", "prompt": "Tell.", "max_tokens": 1000, "max_input_tokens": 99_000, "repairs": 0}
AGENT = {"id": "tell", "type": "llm", "config": ASK}
PRICES = {"input_price": Decimal(10), "output_price": Decimal(10)}


@pytest.fixture
def prices() -> dict[str, Decimal]:
    return dict(PRICES)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, prices: dict[str, Decimal]) -> Iterator[ModelServer]:
    lost: list[str] = []

    def answer(asked: Asked) -> Any:
        if asked.prompt != "lose 2" or lost:
            return "Tea."
        lost.append(asked.prompt)
        return Reply(drop="after")

    with model_server(answer) as running:

        async def load(spec: WorkflowSpec) -> Sources:
            given = {"base_url": running.base_url, "api_key": SecretStr("k"), "model": "m", **prices}
            return Sources(spec, {name: ModelSource(name=name, **given) for name in spec.sources})

        monkeypatch.setattr(tasks.open_execution, "load_sources", load)
        yield running


def spec_of(*nodes: Any, edges: Any = (), source: Any = None, **budget: Any) -> dict[str, Any]:
    sources = {"main": {"kind": "openai", **(source or {})}}
    return document(nodes, edges, sources=sources, budget=budget)


async def reserved(services: Services, walked: Walked) -> Decimal:
    """Sum up what was put aside for all that was sent."""

    def read(work: Work) -> Decimal:
        calls = work.calls.list(walked.root)
        return sum(((call.reserved_amount or Decimal(0)) * call.sends for call in calls), Decimal(0))

    return await services.database.run(services.scope, read)


async def test_what_may_cost_more_than_its_budget_is_refused_before_anything_is_asked(
    services: Services, server: ModelServer
) -> None:
    walked = await walk(services, spec_of(AGENT, cost_usd=1.5))
    assert isinstance(walked.error, BoundExceedsBudget)
    assert "may cost 2 US dollars, more than its budget of 1.5. By node: tell: 2." in str(walked.error)
    again = await run_execution(services, walked.execution)
    assert isinstance(again.error, BoundExceedsBudget)
    assert (server.requests, await walked.status()) == ([], "failed")


@pytest.mark.parametrize("mode", [LedgerMode.LIVE, LedgerMode.REPLAY])
@pytest.mark.parametrize("has_folder", [True, False])
async def test_a_run_that_has_no_recordings_yet_is_refused_as_others_are(
    services: Services, server: ModelServer, tmp_path: Path, mode: LedgerMode, has_folder: bool
) -> None:
    execution = await admit_document(services, spec_of(AGENT, cost_usd=1.5))
    await recording_in(services, execution, mode, tmp_path if has_folder else None)
    assert isinstance((await run_execution(services, execution)).error, BoundExceedsBudget)


async def test_what_is_recorded_replays_whatever_its_bound_is_now(
    services: Services, server: ModelServer, prices: dict[str, Decimal], tmp_path: Path
) -> None:
    spec = spec_of(AGENT, cost_usd=2)
    for mode in (LedgerMode.LIVE, LedgerMode.REPLAY):
        execution = await admit_document(services, spec)
        await recording_in(services, execution, mode, tmp_path)
        assert (await run_execution(services, execution)).error is None
        prices.update({name: Decimal(90) for name in prices})
    assert len(server.requests) == 1


async def recording_in(services: Services, execution: UUID, mode: LedgerMode, folder: Path | None) -> None:
    def write(work: Work) -> None:
        row = work.executions.get(execution)
        row.mode, row.recordings = mode, str(folder) if folder else None

    await services.database.run(services.scope, write)


async def test_an_unknown_price_under_a_budget_is_refused_before_anything_is_asked(
    services: Services, server: ModelServer, prices: dict[str, Decimal]
) -> None:
    prices.clear()
    walked = await walk(services, spec_of(AGENT, cost_usd=100))
    assert isinstance(walked.error, CostUnbounded)
    assert not server.requests


async def test_on_exceed_stop_runs_and_stops_where_the_money_ends(services: Services, server: ModelServer) -> None:
    nodes = [AGENT, AGENT | {"id": "more", "config": ASK | {"prompt": "x" * 3000}}]
    stops = spec_of(*nodes, edges=[{"from": "tell", "to": "more"}], cost_usd=0.03, on_exceed="stop")
    stopped = await walk(services, stops)
    assert isinstance(stopped.error, BudgetExceeded)
    assert await stopped.statuses() == {"tell": "completed", "more": "failed"}
    assert len(server.requests) == 1


async def test_a_run_that_has_begun_goes_on_whatever_its_bound_is_now(
    services: Services, server: ModelServer, prices: dict[str, Decimal]
) -> None:
    nodes = [AGENT, AGENT | {"id": "more", "config": ASK | {"prompt": "{{ nodes.tell.output.gone }}"}}]
    walked = await walk(services, spec_of(*nodes, edges=[{"from": "tell", "to": "more"}], cost_usd=4))
    assert len(server.requests) == 1
    prices.update({name: Decimal(90) for name in prices})
    assert not isinstance((await run_execution(services, walked.execution)).error, BoundExceedsBudget)


async def test_the_bound_is_told_when_the_run_is_planned(services: Services, server: ModelServer) -> None:
    walked = await walk(services, spec_of(AGENT))
    [(_, _, planned)] = await walked.events("execution.planned")
    assert planned == {"nodes": 1, "most_model_calls": 3, "most_cost_usd": "2"}
    plain = await walk(services, spec_of({"id": "a", "type": "input"}))
    assert await plain.events("execution.planned") == [("execution.planned", None, {"nodes": 1})]


async def test_a_source_bounds_requests_of_nodes_that_state_nothing(services: Services, server: ModelServer) -> None:
    agent = AGENT | {"config": {**ASK, "max_input_tokens": None, "prompt": "x" * 3000}}
    walked = await walk(services, spec_of(agent, source={"max_input_tokens": 2000}))
    assert isinstance(walked.error, PromptTooLong)
    assert "source main may come to" in str(walked.error)
    assert not server.requests
    assert (await walk(services, spec_of(agent, source={"max_input_tokens": 9000}))).error is None


async def test_no_run_puts_more_aside_than_it_was_said_to_cost(services: Services, server: ModelServer) -> None:
    size = {"max_input_tokens": 3000}
    body = {"nodes": [{"id": "each", "type": "llm", "config": ASK | size | {"prompt": "lose {{ item }}"}}]}
    loop = {"id": "all", "type": "loop", "config": {"for_each": [1, 2, 3], "max_iterations": 5, "body": body}}
    choice = {"branches": [{"name": "left", "when": True}, {"name": "right", "when": True}], "choose": "first"}
    ends = [{"id": name, "type": "llm", "config": ASK | size | {"prompt": name}} for name in ("b", "c")]
    edges = [{"from": "r", "to": "b", "branch": "left"}, {"from": "r", "to": "c", "branch": "right"}]
    spec = spec_of(loop, {"id": "r", "type": "router", "config": choice}, *ends, edges=edges)
    walked = await walk(services, spec)
    [(_, _, planned)] = await walked.events("execution.planned")
    assert (walked.error, len(server.requests)) == (None, 3 + 1 + 1)
    assert planned["most_cost_usd"] == "0.32"  # (three iterations and one branch) * 4,000 tokens * 2
    assert Decimal("0.04") < await reserved(services, walked) <= Decimal("0.32")


async def test_what_an_attempt_without_a_budget_spent_counts_for_the_next_with_one(
    services: Services, server: ModelServer
) -> None:
    def asking(*prompts: str, **budget: Any) -> dict[str, Any]:
        nodes = [AGENT | {"id": prompt, "config": ASK | {"prompt": prompt}} for prompt in prompts]
        return spec_of(*nodes, **budget, **({"on_exceed": "stop"} if budget else {}))

    first = await walk(services, asking("one", calls=3))
    free = await walk(services, asking("one", "two", "three"), root=first.execution)
    again = await walk(services, asking("one", "two", "three", "four", calls=3), root=first.execution)
    assert (first.error, free.error) == (None, None)
    assert isinstance(again.error, BudgetExceeded)
    assert len(server.requests) == 3
