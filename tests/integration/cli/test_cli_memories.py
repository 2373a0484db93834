"""`repomill memory`: conversations listed, shown, written out and forgotten."""

import json
from uuid import uuid4

import pytest

from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import LedgerMode
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.memory.port import MemoryScope, MemoryUse
from repomill.memory.turns import Turn
from tasks.memories import RunMemories
from tasks.services import Services
from tests.integration.cli.conftest import CommandLine

LOOKED = {"type": "tool_call", "name": "look", "id": "call_1", "arguments": {"at": "tea"}}
TURN = Turn(
    (
        {"role": "user", "content": "How many?"},
        {"role": "assistant", "content": [LOOKED]},
        {"role": "tool", "name": "look", "id": "call_1", "content": "7 tins"},
        {"role": "assistant", "content": [{"type": "text", "text": "Seven."}]},
    )
)
SUMMARY = Turn(({"role": "user", "content": "In short?"},), 1)


async def keep(services: Services) -> None:
    root = uuid4()
    calls = LedgeredCalls(MemoryCallLedger(root), LedgerMode.LIVE)
    memories = RunMemories(services, calls, root, {MemoryScope.FREE: ""})
    conversation = await memories.open(MemoryUse(key="tea", scope=MemoryScope.FREE), "talk")
    await conversation.keep(TURN)
    await conversation.summarise(SUMMARY)


@pytest.fixture
def remembered(repomill: CommandLine) -> CommandLine:
    repomill.on_services(keep)
    return repomill


def test_conversations_are_listed(remembered: CommandLine) -> None:
    [row] = remembered.json("memory", "list")
    assert (row["scope"], row["key"], row["turns"]) == ("free", "tea", 2)


def test_a_conversation_is_shown_as_it_is_gone_on_with(remembered: CommandLine) -> None:
    assert remembered("memory", "show", "tea").out == "user: In short?\n"
    assert [turn["summarises"] for turn in remembered.json("memory", "show", "tea")] == [1]


def test_all_of_a_conversation_can_be_written_out(remembered: CommandLine) -> None:
    turns = [json.loads(line) for line in remembered("memory", "export", "tea").out.splitlines()]
    assert turns[0]["messages"] == [dict(message) for message in TURN.messages]
    assert [turn["number"] for turn in turns] == [1, 2]


def test_a_conversation_that_was_reset_is_gone(remembered: CommandLine) -> None:
    assert "Forgot tea." in remembered("memory", "reset", "tea").err
    assert "There is no memory 'tea'." in remembered.fails(2, "memory", "show", "tea")
    assert remembered.json("memory", "list") == []
