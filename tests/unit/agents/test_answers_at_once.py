"""Answers that come at once: each is let on in a turn of the event loop of its own, with its headers."""

import asyncio
from contextlib import suppress

import httpx2

from repomill.agents._answer_headers import answer_headers, hooks

ANSWERS = 20


async def test_answers_that_come_at_once_are_let_on_one_in_each_turn_of_the_loop() -> None:
    turns = 0
    let_on: list[tuple[int, str]] = []
    found = hooks()["response"]

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async def answered(number: int) -> None:
        with answer_headers() as headers:
            for hook in found:
                await hook(httpx2.Response(200, headers={"X-Number": str(number)}))
            let_on.append((turns, headers["x-number"]))

    counting = asyncio.create_task(count())
    await asyncio.gather(*map(answered, range(ANSWERS)))
    counting.cancel()
    with suppress(asyncio.CancelledError):
        await counting
    assert len({turn for turn, _ in let_on}) == ANSWERS
    assert [number for _, number in let_on] == [str(number) for number in range(ANSWERS)]


async def test_one_that_is_cancelled_while_it_waits_keeps_nobody() -> None:
    [*_, in_turn] = hooks()["response"]
    response = httpx2.Response(200)
    waiting = [asyncio.create_task(in_turn(response)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    ended = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 30)
    assert [type(each) for each in ended] == [type(None), asyncio.CancelledError, type(None)]
