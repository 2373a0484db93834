"""The worst case of a workflow in money, and budgets that do not hold it."""

from decimal import Decimal
from typing import Any

import pytest

from repomill.agents.source import ModelSource
from repomill.errors import BoundExceedsBudget, CostUnbounded
from repomill.images.source import ImageSource
from repomill.nodes.registry import kinds
from repomill.tools.registry import tools
from repomill.workflow.cost_bound import CostBound, cost_bound, require_affordable
from repomill.workflow.spec import WorkflowSpec
from tests.fakes.priced_sources import KnownSources, priced

LENGTH = 900_000
ANSWER = 100_000
"""Together a million tokens: one request to `priced(…, each=1)` costs one dollar, and may be charged twice."""

SOURCES = KnownSources({"m": priced("m"), "dear": priced("dear", 5)})
CHOICE = {"branches": [{"name": "left", "when": True}, {"name": "right", "when": True}], "choose": "first"}


def agent(name: str, **config: Any) -> dict[str, Any]:
    """Return an agent that asks once."""
    usual = {"source": "m", "prompt": "Hi", "max_tokens": ANSWER, "max_input_tokens": LENGTH, "repairs": 0}
    given = {key: value for key, value in (usual | config).items() if value is not None}
    return {"id": name, "type": "llm", "config": given}


def spec_of(*nodes: dict[str, Any], edges: str = "", **more: Any) -> WorkflowSpec:
    stated = []
    for edge in edges.split():
        earlier, later = edge.split(">")
        earlier, _, branch = earlier.partition("-")
        stated.append({"from": earlier, "to": later, "branch": branch or None})
    document = {"apiVersion": "repomill/v1", "name": "any", "nodes": nodes, "edges": stated, **more}
    return WorkflowSpec.model_validate(document)


def bound_of(*nodes: dict[str, Any], sources: KnownSources = SOURCES, **more: Any) -> CostBound:
    return cost_bound(spec_of(*nodes, **more), sources)


def cost_of(*nodes: dict[str, Any], sources: KnownSources = SOURCES, **more: Any) -> Decimal | None:
    return bound_of(*nodes, sources=sources, **more).cost


def reason_of(node: dict[str, Any], sources: KnownSources = SOURCES) -> str:
    worst = bound_of(node, sources=sources)
    assert worst.cost is None
    return str(worst.unbounded[0])


def test_a_request_may_be_charged_twice_since_its_answer_may_be_lost_once() -> None:
    assert cost_of(agent("a")) == 2


def test_repairs_calls_with_tools_and_stated_calls_multiply() -> None:
    assert cost_of(agent("a", repairs=2)) == 6
    assert cost_of(agent("a", tools=["tree"])) == 50
    assert cost_of(agent("a", tools=["tree"], max_calls=4)) == 8


def test_further_tries_cost_nothing_more_for_answers_that_came_are_kept() -> None:
    assert cost_of(agent("a") | {"retry": {"attempts": 9}}) == 2


def test_models_that_take_over_add_up() -> None:
    assert cost_of(agent("a", fallback=[{"source": "dear"}])) == 2 + 10


def test_a_summary_of_older_turns_is_one_request_more() -> None:
    memory = {"key": "talk", "when_full": "summarise", "max_tokens": 4 * ANSWER}
    assert cost_of(agent("a", memory=memory)) == 2 + 2
    assert cost_of(agent("a", memory=memory | {"when_full": "forget"})) == 2


def test_a_loop_multiplies_and_branches_that_exclude_each_other_do_not_add_up() -> None:
    body = {"nodes": [agent("b")]}
    loop = {"id": "l", "type": "loop", "config": {"for_each": "{{ inputs.x }}", "max_iterations": 7, "body": body}}
    assert bound_of(loop).nodes[0].path == "l.b"
    assert cost_of(loop) == 14
    router = {"id": "r", "type": "router", "config": CHOICE}
    assert cost_of(router, agent("a"), agent("b", source="dear"), edges="r-left>a r-right>b") == 10


def test_the_length_comes_from_the_node_then_its_source_then_the_models_window() -> None:
    plain = agent("a", max_input_tokens=None)
    assert cost_of(plain, sources=KnownSources({"m": priced("m")}, {"m": LENGTH - ANSWER})) == Decimal("1.8")
    openai = KnownSources({"m": ModelSource(name="m", model="gpt-4o-mini")})
    assert cost_of(plain, sources=openai) == 2 * (Decimal("0.15") * 134_400 + Decimal("0.60") * ANSWER) / 1_000_000


def test_files_that_are_shown_count_beside_a_window_and_within_a_stated_length() -> None:
    openai = KnownSources({"m": ModelSource(name="m", model="gpt-4o-mini")})
    shown = {"attach": [{"from": "x"}], "max_tokens": 1}
    longest = 134_400 + 100 * 50_000
    cost = cost_of(agent("a", max_input_tokens=None, **shown), sources=openai)
    assert cost == 2 * (Decimal("0.15") * longest + Decimal("0.60")) / 1_000_000
    assert cost_of(agent("a", attach=[{"from": "x"}])) == 2


def test_images_cost_by_their_number() -> None:
    sources = KnownSources({"p": ImageSource(name="p", model="any", price_per_image=Decimal("0.05"))})

    def image(**config: Any) -> dict[str, Any]:
        return {"id": "i", "type": "image", "config": {"source": "p", "prompt": "Tea", "path": "t.png", **config}}

    assert cost_of(image(n=3), sources=sources) == Decimal("0.30")
    listed = KnownSources({"p": ImageSource(name="p", model="gpt-image-1")})
    for prompt in ("Tea", "{{ inputs.prompt }}"):
        assert (cost_of(image(prompt=prompt), sources=listed) or 0) > 0


@pytest.mark.parametrize(
    ("node", "found", "reason"),
    [
        (agent("a", max_input_tokens=None), priced("m"), "a: how much own-model at source m takes is not known (give"),
        (agent("a", source="gone"), priced("m"), "a: the block of source gone is not known here (make the block)"),
        (
            agent("a", settings={"extra_body": {"web": {}}}),
            priced("m"),
            "a: what `extra_body` asks for may cost more",
        ),
        (agent("a", model="{{ inputs.m }}"), priced("m"), "a: an expression names its model (name the model itself)"),
        (agent("a"), ModelSource(name="m", model="none-such"), "a: the price of none-such at source m is not known"),
    ],
)
def test_where_nobody_can_tell_the_reason_names_the_node_and_the_way_out(
    node: dict[str, Any], found: ModelSource, reason: str
) -> None:
    assert reason_of(node, KnownSources({"m": found})).startswith(reason)


def test_a_tool_or_a_kind_that_asks_models_without_saying_what_that_costs_has_no_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(type(tools()["tree"]), "asks_models", True)
    assert reason_of(agent("a", tools=["tree"])) == "a: the tool tree asks models of its own"
    monkeypatch.setattr(type(kinds()["input"]), "most_model_calls", lambda *_: 1)
    assert reason_of({"id": "a", "type": "input"}) == "a: the kind input does not say what its calls cost"


def test_images_of_unknown_price_or_source_have_no_bound() -> None:
    image = {"id": "i", "type": "image", "config": {"source": "p", "prompt": "Tea", "path": "t.png"}}
    assert "`price_per_image`" in reason_of(image, KnownSources({"p": ImageSource(name="p", model="own")}))
    assert "block of source p" in reason_of(image, KnownSources({}))


def test_a_beta_of_anthropics_may_widen_a_window() -> None:
    source = ModelSource(name="m", model="gpt-4o-mini", headers={"Anthropic-Beta": "context-1m"})
    assert "takes is not known" in reason_of(agent("a", max_input_tokens=None), KnownSources({"m": source}))


def test_with_mocks_their_nodes_cost_nothing() -> None:
    mocked = agent("a") | {"mock": {"output": {"text": "Hi"}}}
    spec = spec_of(mocked, agent("b"))
    assert cost_bound(spec, SOURCES, mocked=True).cost == 2
    assert cost_bound(spec, SOURCES).cost == 4


def test_a_workflow_that_asks_no_models_costs_nothing() -> None:
    assert bound_of({"id": "a", "type": "input"}) == CostBound(Decimal(0), ())


def check(spec: WorkflowSpec) -> None:
    require_affordable(spec, cost_bound(spec, SOURCES))


def test_a_budget_below_the_bound_is_refused_with_the_figures_of_each_node() -> None:
    spec = spec_of(agent("a"), agent("b", source="dear"), budget={"cost_usd": 11.5})
    with pytest.raises(BoundExceedsBudget) as raised:
        check(spec)
    assert "may cost 12 US dollars, more than its budget of 11.5. By node: b: 10, a: 2." in str(raised.value)
    assert "on_exceed: stop" in raised.value.advice()


def test_a_cost_that_cannot_be_told_is_refused_under_a_budget() -> None:
    with pytest.raises(CostUnbounded, match=r"a: how much .* `max_input_tokens`\)\."):
        check(spec_of(agent("a", max_input_tokens=None), budget={"cost_usd": 1}))


@pytest.mark.parametrize("budget", [{}, {"calls": 1}, {"cost_usd": 2}, {"cost_usd": 1, "on_exceed": "stop"}], ids=str)
def test_nothing_is_refused_without_a_budget_of_money_within_it_or_when_runs_may_stop(budget: Any) -> None:
    check(spec_of(agent("a"), budget=budget))
