"""The calls of a node: numbered by themselves, of any kind, answered from ledger and recordings as models are."""

from pathlib import Path

import pytest

from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import CallKind, CallState, LedgerMode, Usage
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.calls.node_calls import NodeCalls
from repomill.calls.recordings import Recordings
from repomill.calls.sending import Answered
from repomill.canonical import Json
from repomill.errors import RecordingMissing, RecordingUnreadable
from tests.fakes.agent_runs import ROOT

REQUEST: Json = {"method": "GET", "path": "/orders"}


class Service:
    """Something outside that counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self) -> Answered:
        self.asked += 1
        return Answered({"status": 200, "body": self.asked}, Usage())


def calls_of(
    ledger: MemoryCallLedger, mode: LedgerMode = LedgerMode.LIVE, folder: Path | None = None, node: str = "orders"
) -> NodeCalls:
    return NodeCalls(LedgeredCalls(ledger, mode, Recordings(folder) if folder else None), node)


@pytest.fixture
def ledger() -> MemoryCallLedger:
    return MemoryCallLedger(ROOT)


async def test_equal_requests_of_a_node_are_calls_of_their_own(ledger: MemoryCallLedger) -> None:
    calls, service = calls_of(ledger), Service()
    answers = [await calls.call(CallKind.HTTP, "crm", REQUEST, service) for _ in range(2)]
    assert answers == [{"status": 200, "body": 1}, {"status": 200, "body": 2}]
    assert [key.ordinal for key in ledger.rows] == [1, 2]


async def test_a_second_try_of_the_node_finds_its_answers_again(ledger: MemoryCallLedger) -> None:
    service = Service()
    for _ in range(2):
        assert (await calls_of(ledger).call(CallKind.HTTP, "crm", REQUEST, service))["body"] == 1
    assert service.asked == 1


async def test_the_ledger_keeps_kind_source_and_request(ledger: MemoryCallLedger) -> None:
    await calls_of(ledger).call(CallKind.MCP, "tools", REQUEST, Service(), model="search")
    (kept,) = ledger.requests.values()
    assert (kept.kind, kept.source, kept.model, kept.request) == (CallKind.MCP, "tools", "search", REQUEST)
    assert ledger.rows[kept.key].state is CallState.SETTLED


async def test_what_was_recorded_is_replayed_and_nothing_is_asked(ledger: MemoryCallLedger, tmp_path: Path) -> None:
    service = Service()
    recorded = await calls_of(ledger, folder=tmp_path).call(CallKind.HTTP, "crm", REQUEST, service)
    strict = calls_of(MemoryCallLedger(ROOT), LedgerMode.STRICT, tmp_path)
    assert await strict.call(CallKind.HTTP, "crm", REQUEST, service) == recorded
    assert service.asked == 1


async def test_a_strict_miss_names_the_field_that_changed(ledger: MemoryCallLedger, tmp_path: Path) -> None:
    await calls_of(ledger, folder=tmp_path).call(CallKind.HTTP, "crm", REQUEST, Service())
    strict = calls_of(MemoryCallLedger(ROOT), LedgerMode.STRICT, tmp_path)
    with pytest.raises(RecordingMissing, match='/path: recorded "/orders", now "/parts"'):
        await strict.call(CallKind.HTTP, "crm", {"method": "GET", "path": "/parts"}, Service())


async def test_a_recording_that_is_no_answer_is_refused(ledger: MemoryCallLedger, tmp_path: Path) -> None:
    await calls_of(ledger, folder=tmp_path).call(CallKind.HTTP, "crm", REQUEST, Service())
    file = tmp_path / "orders" / "1.json"
    file.write_text(file.read_text(encoding="utf-8").replace('"response": {', '"response": 3, "was": {'))
    with pytest.raises(RecordingUnreadable):
        await calls_of(ledger, LedgerMode.STRICT, tmp_path, "orders").call(CallKind.HTTP, "x", {}, Service())


async def test_a_request_without_canonical_form_is_refused_before_anything_is_written(ledger: MemoryCallLedger) -> None:
    with pytest.raises(ValueError, match="9007199254740993"):
        await calls_of(ledger).call(CallKind.HTTP, "crm", 2**53 + 1, Service())
    assert ledger.rows == {}
