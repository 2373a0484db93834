"""Whatever happens to a node's calls: what is put aside for them never goes over what the node was said to cost."""

import asyncio
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from repomill.agents.source import ModelSource
from repomill.memory.turns import Turn
from repomill.nodes.registry import kind
from tests.fakes.chance_agents import FATES, FatedNode, Remembered
from tests.fakes.priced_sources import KnownSources, priced

SCHEMA = {"type": "object", "properties": {"cups": {"type": "integer"}}, "required": ["cups"]}
LENGTHS = st.sampled_from([None, 1500, 4000, 60_000, 500_000])
TURN = Turn(({"role": "user", "content": "x" * 900}, {"role": "assistant", "content": [{"type": "text", "text": "y"}]}))


@st.composite
def configs(draw: st.DrawFn) -> dict[str, Any]:
    optional = {
        "fallback": [{"source": "dear"}],
        "output_schema": SCHEMA,
        "tools": ["tree"],
        "memory": {"key": "talk", "max_tokens": 400, "when_full": "summarise"},
        "attach": [{"from": "draw"}],
        "max_calls": 4,
    }
    chosen = draw(st.sets(st.sampled_from(sorted(optional))))
    return {
        "source": "main",
        "prompt": "Tea? " * draw(st.sampled_from([1, 300, 60_000])),
        "max_tokens": draw(st.integers(1, 5000)),
        "max_input_tokens": draw(LENGTHS),
        "repairs": draw(st.integers(0, 2)),
        **{name: value for name, value in optional.items() if name in chosen},
    }


SOURCES: dict[str, ModelSource] = {"main": ModelSource(name="main", model="gpt-4o-mini"), "dear": priced("dear", 5)}
KNOWN = KnownSources(SOURCES, {"dear": 30_000})


@settings(max_examples=60)
@given(configs(), st.lists(st.sampled_from(FATES), max_size=30), st.integers(1, 4), st.integers(0, 3))
def test_no_node_puts_more_aside_than_its_bound(config: Any, fates: list[str], tries: int, images: int) -> None:
    coming = iter(fates)
    before = Remembered(tuple(Turn(TURN.messages, number) for number in range(1, 5)), images)
    # The source's own length reaches the runner through the request, as `SourceModels` fills it in.
    fallback = [{"source": "dear"}] if "fallback" in config else []
    stated = config["max_input_tokens"] or (30_000 if fallback else None)
    config = config | {"fallback": fallback, "max_input_tokens": stated}
    node = FatedNode(SOURCES, config, lambda: next(coming, "text"), before)
    asyncio.run(node.run(tries))
    declaration = kind("llm")
    worst = declaration.most_spent(declaration.config_model.model_validate(config), KNOWN)
    assert worst.cost is not None
    assert node.reserved <= worst.cost


async def reserved(fates: list[str], **config: Any) -> tuple[FatedNode, Decimal]:
    """Run an agent that asks once as long as it may; return it with what it was said to cost."""
    asked = {"source": "dear", "prompt": "Tea?", "max_tokens": 100, "repairs": 0, **config}
    coming = iter(fates)
    node = FatedNode(SOURCES, asked, lambda: next(coming))
    await node.run(1)
    worst = kind("llm").most_spent(kind("llm").config_model.model_validate(asked), KNOWN)
    return node, worst.cost or Decimal(0)


async def test_the_bound_is_reached_by_a_request_of_full_length_whose_answer_was_lost_once() -> None:
    once, _ = await reserved(["text"])
    [row] = once.ledger.requests.values()
    node, worst = await reserved(["lost", "text"], max_input_tokens=row.bound.input_tokens)
    assert node.reserved == worst > 0


async def test_a_request_longer_than_stated_is_not_sent() -> None:
    once, _ = await reserved(["text"])
    [row] = once.ledger.requests.values()
    node, _ = await reserved([], max_input_tokens=row.bound.input_tokens - 1)
    assert not node.ledger.rows


async def test_models_that_take_over_can_be_charged_all() -> None:
    fallback = [{"source": "dear", "model": "another"}]
    once, _ = await reserved(["text"], model="longer-n", fallback=fallback)
    [row] = once.ledger.requests.values()
    fates = ["lost", "refused", "lost", "text"]
    node, worst = await reserved(fates, model="longer-n", fallback=fallback, max_input_tokens=row.bound.input_tokens)
    assert worst / 2 < node.reserved <= worst
