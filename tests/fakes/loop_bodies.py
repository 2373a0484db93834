"""A loop's body in memory: it keeps what it was asked, and may fail or wait."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from repomill.canonical import Json
from repomill.errors import AnswerCut, RepomillError

Names = Mapping[str, Json]


def give_item(names: Names) -> Json:
    """Return the item, as the smallest body would."""
    return names.get("item")


@dataclass
class MemoryBody:
    """Gives what `answer` makes of the names; `fails` are the iterations that end with an error."""

    answer: Callable[[Names], Json] = give_item
    fails: Mapping[int, RepomillError] = field(default_factory=dict)
    pauses: int = 0
    """How often an iteration gives way to others before it ends."""
    meets: int = 0
    """How many iterations have to be there before the first one ends."""
    asked: list[Names] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    all_there: asyncio.Event = field(default_factory=asyncio.Event)
    running: int = 0
    most_running: int = 0

    async def iterate(self, index: int, names: Names) -> Json:
        """Run one iteration."""
        self.asked.append(names)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            for _ in range(self.pauses):
                await asyncio.sleep(0)
            if len(self.asked) >= self.meets:
                self.all_there.set()
            await self.all_there.wait()
            if index in self.fails:
                raise self.fails[index]
            self.ended.append(index)
            return self.answer(names)
        finally:
            self.running -= 1


def broken(*indexes: int) -> dict[int, RepomillError]:
    """Return failures of these iterations."""
    return {index: AnswerCut("write", f"iteration {index}") for index in indexes}
