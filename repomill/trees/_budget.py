"""How much one rendering may produce and how long it may take."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import monotonic, thread_time
from typing import Final, NoReturn, TypeVar

from jinja2 import Undefined
from jinja2.exceptions import SecurityError

from repomill.errors import RenderingTooLarge

VALUE_LIMIT: Final = 16 * 1024 * 1024
"""Weight of one value that a template makes: a character weighs 1, every value 16 more."""

MAX_BITS: Final = 4096
"""Larger numbers take quadratic time to divide and to print."""

T = TypeVar("T")

_VALUE_WEIGHT: Final = 16
_WORK_FACTOR: Final = 8
"""Text printed inside macros and blocks is counted again where their result is printed."""
_MADE_LIMIT: Final = 8 * VALUE_LIMIT
"""Weight of all values that one rendering makes, kept or not: it bounds the memory a rendering can hold."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one rendering: characters of output, and seconds of processor time."""

    characters: int = 10_000_000
    seconds: float = 5.0


@dataclass(slots=True)
class Budget:
    """What is left of the limits while one template renders in one thread.

    A busy machine makes no template fail: what counts is the thread's own processor time. To look at the wall clock
    costs a fifth of that, and until the time is over there the thread cannot have used it up.

    Every method raises `RenderingTooLarge`.
    """

    place: str
    limits: Limits
    _began: float = field(init=False, default_factory=thread_time)
    _look_at: float = field(init=False)
    _printed: int = field(init=False, default=0)
    _made: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._look_at = monotonic() + self.limits.seconds

    def tick(self) -> None:
        """Look at the clock; called for every loop step, call, filter and operator."""
        now = monotonic()
        if now > self._look_at:
            left = self.limits.seconds - (thread_time() - self._began)
            if left <= 0:
                raise RenderingTooLarge(self.place, f"{self.limits.seconds:g} seconds")
            self._look_at = now + left

    def spend(self, characters: int) -> None:
        """Count printed text, wherever it goes."""
        self.tick()
        self._printed += characters
        if self._printed > _WORK_FACTOR * self.limits.characters:
            self.refuse_size()

    def make(self, weight: int) -> None:
        """Count a value that was made, whether it lives on or not."""
        self._made += weight
        if self._made > _MADE_LIMIT:
            raise RenderingTooLarge(self.place, f"{_MADE_LIMIT:,} characters in all its values")

    def refuse_size(self) -> None:
        """Say that the text is too long."""
        raise RenderingTooLarge(self.place, f"{self.limits.characters:,} characters")


_active: ContextVar[Budget | None] = ContextVar("rendering_budget", default=None)


@contextmanager
def spending(budget: Budget) -> Iterator[Budget]:
    """Count everything rendered inside against the budget."""
    token = _active.set(budget)
    try:
        yield budget
    finally:
        _active.reset(token)


def tick() -> None:
    """Look at the clock of the rendering that goes on."""
    if budget := _active.get():
        budget.tick()


def spend(characters: int) -> None:
    """Count printed text of the rendering that goes on."""
    if budget := _active.get():
        budget.spend(characters)


def room(weight: int) -> None:
    """Refuse to make a value of this weight, before it takes memory."""
    if weight > VALUE_LIMIT:
        refuse(f"{VALUE_LIMIT:,} characters in one value")


def refuse(bound: str) -> NoReturn:
    """Say that the rendering that goes on went over a bound."""
    budget = _active.get()
    raise RenderingTooLarge(budget.place if budget else "the template", bound)


def weigh(value: object, *, plain: bool = False) -> int:
    """Return the weight of a value, shared parts counted as often as they show.

    Raises:
        RenderingTooLarge: it is over `VALUE_LIMIT`.
        SecurityError: `plain` was asked for, and something in it is no plain data.
    """
    total = 0
    stack = [value]
    while stack:
        item = stack.pop()
        total += _VALUE_WEIGHT + _own_weight(item, plain)
        room(total)
        if isinstance(item, dict):
            stack += item
            stack += item.values()
        elif isinstance(item, list | tuple):
            stack += item
    return total


def kept(value: T) -> T:
    """Return a value that is not too heavy."""
    if isinstance(value, int):
        check_bits(value.bit_length())
    elif isinstance(value, str):
        room(len(value))
        _make(len(value))
    elif isinstance(value, list | tuple | dict):
        _make(weigh(value))
    return value


def check_bits(bits: int) -> None:
    """Refuse a number that is too long to compute with."""
    if bits > MAX_BITS:
        raise OverflowError(f"the number would have more than {MAX_BITS} bits")


def _make(weight: int) -> None:
    if budget := _active.get():
        budget.make(weight)


def printable(value: object) -> str:
    """Return the text of plain data; anything else has no text that would be the same in the next run."""
    if isinstance(value, str):
        return value
    if isinstance(value, Undefined):
        return str(value)  # raises, and says which name it was
    weigh(value, plain=True)
    return str(value)


def _own_weight(item: object, plain: bool) -> int:
    if isinstance(item, str):
        return len(item)
    if isinstance(item, int):
        return item.bit_length()
    if plain and not isinstance(item, float | dict | list | tuple | None):
        raise SecurityError(f"a {type(item).__name__} is no plain data; after `map` or `select` write `| list`")
    return 0
