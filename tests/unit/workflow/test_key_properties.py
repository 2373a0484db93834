"""Keys of nodes and of model calls: each part counts, and nothing else does."""

import asyncio
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from repomill.agents.attachments import Attachment
from repomill.agents.functions import Function
from repomill.agents.pdf import PDF
from repomill.agents.request import AgentRequest, ModelChoice
from repomill.agents.runner import AgentRunner
from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import CallRequest, LedgerMode
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.canonical import canonical_json
from repomill.databases.statement import Statement
from repomill.memory.turns import Turn
from repomill.nodes.registry import kind, kinds
from repomill.workflow.keys import node_key
from tests.fakes.agent_runs import ROOT, ask

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3))
DIGESTS = st.dictionaries(TEXT, TEXT, max_size=3)
PARTS: dict[str, Any] = {
    "config": st.dictionaries(TEXT, JSON, max_size=4),
    "input_digests": DIGESTS,
    "template_digests": DIGESTS,
    "model_parameters": JSON,
    "node_path": TEXT,
}


def key(parts: Mapping[str, Any], name: str = "llm") -> str:
    return node_key(kind(name), parts["config"], **{name: part for name, part in parts.items() if name != "config"})


def turned(value: Any) -> Any:
    """Return the same JSON with every object's keys the other way round."""
    if isinstance(value, dict):
        return {name: turned(value[name]) for name in reversed(value)}
    return [turned(each) for each in value] if isinstance(value, list) else value


@given(st.fixed_dictionaries(PARTS), st.data())
def test_a_node_key_changes_with_every_part(parts: dict[str, Any], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(PARTS)))
    other = data.draw(PARTS[name])
    assume(canonical_json(other) != canonical_json(parts[name]))
    assert key(parts) != key({**parts, name: other})


@given(st.fixed_dictionaries(PARTS))
def test_a_node_key_does_not_depend_on_the_order_of_maps(parts: dict[str, Any]) -> None:
    assert key(parts) == key({name: turned(part) for name, part in parts.items()})


def test_kinds_have_keys_of_their_own() -> None:
    parts = {"config": {}, "node_path": "a"}
    assert len({key(parts, name) for name in kinds()}) == len(kinds())


SOURCES = st.fixed_dictionaries({"kind": TEXT, "block": TEXT})
STATEMENTS: dict[str, Any] = {
    "sql": TEXT,
    "parameters": st.dictionaries(TEXT, SCALARS | st.lists(SCALARS, max_size=3), max_size=3),
    "writes": st.booleans(),
    "max_rows": st.integers(1, 9),
    "truncate": st.booleans(),
    "decimals_as_text": st.booleans(),
}


@given(st.fixed_dictionaries(STATEMENTS | {"source": SOURCES}), st.floats(1, 9), st.data())
def test_what_is_asked_of_a_database_changes_with_every_part_and_not_with_its_timeout(
    parts: dict[str, Any], timeout: float, data: st.DataObject
) -> None:
    def asked(source: Any, timeout: float = 1, **given: Any) -> bytes:
        return canonical_json(Statement(**given, timeout=timeout).canonical(source))

    name = data.draw(st.sampled_from(sorted(parts)))
    other = data.draw((STATEMENTS | {"source": SOURCES})[name])
    assume(canonical_json(other) != canonical_json(parts[name]))
    assert asked(**parts) != asked(**{**parts, name: other})
    assert asked(**parts) == asked(**turned(parts), timeout=timeout)


class Asked(Exception):
    """Carries what was about to be asked."""

    def __init__(self, call: CallRequest) -> None:
        self.call = call


class Listens(LedgeredCalls):
    """Asks nobody."""

    async def answer(self, call: CallRequest, caller: Any) -> Any:
        raise Asked(call)


def call_of(request: AgentRequest) -> CallRequest:
    """Return the first call that an agent makes of a request."""
    runner = AgentRunner({}, Listens(MemoryCallLedger(ROOT), LedgerMode.LIVE))
    with pytest.raises(Asked) as caught:
        asyncio.run(runner.run(request))
    return caught.value.call


async def _nothing(arguments: Any, calls: Any) -> Any:
    return None


FULL = ask(
    model="m",
    system_prompt="Be brief.",
    temperature=0.5,
    schema={"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}},
    functions=(Function("look", "Looks.", {"type": "object", "properties": {"x": {}, "y": {}}}, _nothing),),
    attachments=(Attachment("a.md", b"one"), Attachment("a.png", b"1", "image/png"), Attachment("a.pdf", b"1", PDF)),
    thinking="low",
    options={"seed": 1, "extra_body": {"a": 1, "b": 2}},
    history=(Turn(({"role": "user", "content": "Hi."}, {"role": "assistant", "content": []})),),
)
OTHERS: dict[str, list[Any]] = {
    "prompt": ["Say goodbye."],
    "model": ["n"],
    "max_tokens": [501],
    "system_prompt": ["", "Be kind."],
    "temperature": [None, 0.0, 0.6],
    "schema": [None, {"type": "object"}],
    "files": [True],
    "functions": [
        (),
        (replace(FULL.functions[0], description="Sees."),),
        (replace(FULL.functions[0], version="2"),),
        (replace(FULL.functions[0], parameters={"type": "object"}),),
    ],
    "attachments": [
        (),
        (Attachment("a.md", b"two"), *FULL.attachments[1:]),
        (*FULL.attachments[:2], Attachment("a.pdf", b"2", PDF)),
        (*FULL.attachments[:2], Attachment("b.pdf", b"1", PDF)),
        FULL.attachments[:1],
        FULL.attachments[::-1],
    ],
    "thinking": ["", "high"],
    "options": [{}, {"seed": 2}],
    "history": [(), (Turn(({"role": "user", "content": "Ho."},)),)],
}
SAME: dict[str, Any] = {
    "node_path": "elsewhere",
    "source": "other",
    "repairs": 5,
    "max_calls": 9,
    "max_input_tokens": 100_000,
    "calls_before": 7,
    "fallback": (ModelChoice("other", "n"),),
}
"""What says who answers and how often, not what is asked: path and number stand in the call's key by themselves."""


@pytest.mark.parametrize(("name", "other"), [(name, each) for name, others in OTHERS.items() for each in others])
def test_the_digest_of_a_call_changes_with_what_is_asked(name: str, other: Any) -> None:
    assert call_of(replace(FULL, **{name: other})).key.request_digest != call_of(FULL).key.request_digest


@pytest.mark.parametrize(("name", "other"), SAME.items())
def test_the_digest_of_a_call_keeps_with_anything_else(name: str, other: Any) -> None:
    changed = call_of(replace(FULL, **{name: other})).key
    assert changed.request_digest == call_of(FULL).key.request_digest
    assert (changed == call_of(FULL).key) is (name not in {"node_path", "calls_before"})


def test_every_field_of_a_request_is_one_or_the_other() -> None:
    assert {each.name for each in fields(AgentRequest)} == OTHERS.keys() | SAME.keys()


def test_neither_the_moment_nor_the_order_of_maps_counts() -> None:
    other = replace(
        FULL,
        schema=turned(FULL.schema),
        options=turned(dict(FULL.options)),
        functions=(replace(FULL.functions[0], parameters=turned(dict(FULL.functions[0].parameters))),),
    )
    first, second = call_of(FULL), call_of(other)
    assert (first.key, first.bound) == (second.key, second.bound)


@given(TEXT.filter(str.strip), TEXT.filter(str.strip))
def test_calls_are_alike_exactly_when_their_prompts_are(one: str, other: str) -> None:
    digests = [call_of(ask(prompt, model="m")).key.request_digest for prompt in (one, other)]
    assert (digests[0] == digests[1]) is (one == other)
