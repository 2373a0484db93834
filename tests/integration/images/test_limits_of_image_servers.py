"""An image server that says beside an answer that a limit is used up: the next run leaves it alone for a while."""

import pytest

from repomill.calls.memory_ledger import MemoryCallLedger
from tests.fakes.agent_runs import ROOT
from tests.fakes.image_runs import paint, painter
from tests.fakes.shared_board import SharedBoard
from tests.servers.image_server import Painted, image_server


def limit(of: str, remaining: int) -> dict[str, str]:
    facts = {"Limit": "300", "Remaining": str(remaining), "Reset": "30s"}
    return {f"X-RateLimit-{fact}-{of}": value for fact, value in facts.items()}


async def waited(headers: dict[str, str], n: int = 1) -> float:
    """Let two runs make images, one after the other; return how long the second one waited."""
    board = SharedBoard()
    with image_server(lambda asked: Painted(headers=headers)) as server:
        for _ in range(2):
            before = board.waited
            assert (await paint(painter(server.base_url), MemoryCallLedger(ROOT), queues=board.run(), n=n)).files
    assert len(server.requests) == 2
    return board.waited - before


@pytest.mark.parametrize(
    ("headers", "n", "seconds"),
    [
        (limit("Requests", 0), 1, 0.1),
        (limit("Requests", 1), 1, 0.0),
        (limit("Tokens", 0), 1, 28.2),  # the answer took 282
        (limit("Images", 2), 3, 30 / 298),
        (limit("Images", 3), 3, 0.0),
        ({}, 1, 0.0),
    ],
)
async def test_a_run_waits_until_images_like_the_last_ones_fit(headers: dict[str, str], n: int, seconds: float) -> None:
    assert await waited(headers, n) == pytest.approx(seconds)


async def test_a_refusal_that_names_no_wait_is_over_when_the_limit_is_back() -> None:
    board, answers = SharedBoard(), [Painted(status=429, headers=limit("Requests", 0)), Painted()]
    with image_server(lambda asked: answers.pop(0)) as server:
        assert (await paint(painter(server.base_url), MemoryCallLedger(ROOT), queues=board.run())).files
    assert board.waited == pytest.approx(0.1)
