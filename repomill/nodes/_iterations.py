"""How a loop's body is run again and again: in order with carried state, or several iterations at once."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from repomill.canonical import Json
from repomill.errors import Cancelled, OwnershipLost, RepomillError
from repomill.nodes.ports import Body

FAIL: Final = "fail"
SKIP: Final = "skip"
COLLECT: Final = "collect"

Names = Mapping[str, Json]


@dataclass(slots=True)
class Results:
    """What iterations gave, kept by index since they end in any order; a failed one has its error instead."""

    on_item_error: str
    outputs: dict[int, Json] = field(default_factory=dict)
    errors: dict[int, RepomillError] = field(default_factory=dict)

    def keep_error(self, index: int, error: RepomillError) -> None:
        """Keep an iteration's error; raises it when the loop ends with it, or nobody may go on after it."""
        if self.on_item_error == FAIL or isinstance(error, Cancelled | OwnershipLost):
            raise error
        self.errors[index] = error

    def items(self) -> list[Json]:
        """Return the outputs in order: with `collect` null for a failed iteration, with `skip` nothing."""
        missing: dict[int, Json] = dict.fromkeys(self.errors) if self.on_item_error == COLLECT else {}
        return [value for _, value in sorted((self.outputs | missing).items(), key=lambda pair: pair[0])]

    def output(self, state: Json) -> dict[str, Json]:
        """Return the output of the loop."""
        errors: list[Json] = [
            {"index": index, "code": error.code, "message": str(error)} for index, error in sorted(self.errors.items())
        ]
        count = len(self.outputs) + len(errors)
        return {"items": self.items(), "count": count, "failed": len(errors), "errors": errors, "state": state}


async def run_one(body: Body, results: Results, index: int, names: Names) -> Json:
    """Run one iteration and return what it gave, null when it failed and the loop goes on."""
    try:
        results.outputs[index] = await body.iterate(index, names)
    except RepomillError as error:
        results.keep_error(index, error)
    return results.outputs.get(index)


async def run_all(body: Body, results: Results, rounds: Iterator[tuple[int, Names]], parallel: int) -> None:
    """Run all iterations, so many at once. After a failure that ends the loop none is started, but those that run end.

    Raises:
        RepomillError: the failure that came first.
    """
    running: set[asyncio.Task[Json]] = set()
    over: asyncio.Queue[asyncio.Task[Json]] = asyncio.Queue()
    failure: BaseException | None = None
    try:
        while True:
            following = next(rounds, None) if failure is None and len(running) < parallel else None
            if following is not None:
                task = asyncio.create_task(run_one(body, results, *following))
                task.add_done_callback(over.put_nowait)
                running.add(task)
                await asyncio.sleep(0)  # the first may ask somebody before the last one has begun
            elif not running:
                break
            ended = [await over.get()] if following is None else []
            while not over.empty():
                ended.append(over.get_nowait())
            running.difference_update(ended)
            failures = [error for task in ended if (error := task.exception())]  # asyncio logs those nobody asked for
            failure = failure or next(iter(failures), None)
    finally:
        await _end(running)
    if failure is not None:
        raise failure


async def _end(running: set[asyncio.Task[Json]]) -> None:
    """Stop what still runs, which is only so when the loop itself is cancelled, and wait until it has ended."""
    for task in running:
        task.cancel()
    if running:
        await asyncio.wait(running)
