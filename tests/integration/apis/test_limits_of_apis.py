"""An API that says beside an answer that a limit is used up: the next run leaves it alone for a while."""

import time
from typing import Any

import pytest

from repomill.calls.rate_limits import LONGEST
from repomill.errors import ApiForbidden
from tests.fakes.api_calls import Api, source_at
from tests.fakes.shared_board import SharedBoard
from tests.servers.pet_api import Fault, PetApi

GET: dict[str, Any] = {"operation": "GET /pets/1"}
EXCEEDED = b'{"message": "API rate limit exceeded for user ID 1."}'


def used_up(reset: object) -> dict[str, str]:
    return {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset)}


async def ask(pets: PetApi, board: SharedBoard) -> float:
    """Ask in a run of its own; return how long it waited."""
    before = board.waited
    api = Api(source_at(pets.url), queues=board.run())
    assert (await api.output(**GET))["status"] == 200
    return board.waited - before


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"RateLimit": '"burst";r=0;t=7', "RateLimit-Policy": '"burst";q=10;w=60'}, 7.0),
        ({"RateLimit": '"burst";r=1;t=7', "RateLimit-Policy": '"burst";q=10;w=60'}, 0.0),
        ({"RateLimit-Limit": "10", "RateLimit-Remaining": "0", "RateLimit-Reset": "7"}, 7.0),
        (used_up(7), 7.0),
        (used_up(4102444800), LONGEST),
        (used_up(0), 0.0),
        ({}, 0.0),
    ],
)
async def test_the_next_run_waits_until_the_window_is_over(
    pets: PetApi, headers: dict[str, str], seconds: float
) -> None:
    board = SharedBoard()
    pets.faults = [Fault(200, headers=headers, body=b"{}")]
    assert [await ask(pets, board), await ask(pets, board)] == [0.0, seconds]


async def test_a_reset_in_unix_time_is_no_number_of_seconds(pets: PetApi) -> None:
    board = SharedBoard()
    pets.faults = [Fault(200, headers=used_up(int(time.time()) + 600), body=b"{}")]
    await ask(pets, board)
    assert 500 < await ask(pets, board) <= 600


@pytest.mark.parametrize("status", [403, 429])
async def test_a_refusal_that_names_no_wait_is_over_when_the_window_is(pets: PetApi, status: int) -> None:
    pets.faults = [Fault(status, times=9, headers=used_up(7), body=EXCEEDED)]
    api = Api(source_at(pets.url))
    assert (await api.output(**GET))["status"] == 200
    assert api.waits == [7.0] * 9


@pytest.mark.parametrize(("headers", "body"), [({}, EXCEEDED), (used_up(7), b"not yours")])
async def test_other_refusals_of_permission_are_not_waited_for(
    pets: PetApi, headers: dict[str, str], body: bytes
) -> None:
    pets.faults = [Fault(403, headers=headers, body=body)]
    with pytest.raises(ApiForbidden):
        await Api(source_at(pets.url)).run(**GET)
