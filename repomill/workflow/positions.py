"""Where each value of a document stands in its text."""

from dataclasses import dataclass, field
from typing import NamedTuple

from repomill.workflow.pointers import parent


class Position(NamedTuple):
    """A place in a text; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Positions:
    """Places by JSON pointer. A value that came through a YAML alias or merge stands where it was written."""

    lines: tuple[str, ...] = ()
    values: dict[str, Position] = field(default_factory=dict)
    keys: dict[str, Position] = field(default_factory=dict)
    literals: set[str] = field(default_factory=set)
    """Pointers of YAML literal blocks (`|`): the only strings whose lines are lines of the text."""

    def of(self, pointer: str, *, at_key: bool = False, text_line: int = 1) -> Position:
        """Return the place of a value, its key, or a line within it; of the nearest holder when it is absent."""
        while pointer not in self.values:
            if not pointer:
                return Position(1, 1)
            pointer = parent(pointer)
            at_key, text_line = False, 1
        if at_key and pointer in self.keys:
            return self.keys[pointer]
        place = self.values[pointer]
        return self._within(place, text_line) if pointer in self.literals else place

    def _within(self, block: Position, text_line: int) -> Position:
        line = min(block.line + text_line, len(self.lines))
        text = self.lines[line - 1]
        return Position(line, len(text) - len(text.lstrip()) + 1)
