"""The call ledger's suite on the twins."""

from pathlib import Path

import pytest

from repomill.calls.ledger import CallLedger
from repomill.calls.memory_ledger import MemoryCallLedger
from tests.conformance.call_ledger_suite import CallLedgerSuite, walk
from tests.fakes.agent_runs import ROOT
from tests.fakes.file_ledger import FileCallLedger


@pytest.fixture(params=["memory", "file"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> CallLedger:
    return MemoryCallLedger(ROOT) if request.param == "memory" else FileCallLedger(ROOT, tmp_path / "calls.json")


class TestMemoryCallLedger(CallLedgerSuite):
    """Every test of the suite, once for each twin."""


async def test_the_file_ledger_is_the_same_in_another_process(tmp_path: Path) -> None:
    first = FileCallLedger(ROOT, tmp_path / "calls.json")
    await walk(first, "reserve send answer settle")
    assert FileCallLedger(ROOT, tmp_path / "calls.json").rows == first.rows
