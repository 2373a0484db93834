"""A corpus of pairs of edits of one file: what a generation changed, and what a person did meanwhile."""

import random
from dataclasses import dataclass, field
from enum import Enum

LINES = 40


class Kind(Enum):
    APART = "apart"  # both changed it, at places that are not near each other
    SAME_LINES = "same lines"  # both changed the same lines
    MOVED = "moved"  # the person moved it, and both changed it apart
    DELETED = "deleted"  # the person deleted it, the generation changed it
    REMOVED = "removed"  # the generation removed it, the person changed it
    BINARY = "binary"  # both changed bytes
    BOTH_ADDED = "both added"  # there was none before


@dataclass
class Pair:
    """One path in three trees; None is no file. `written` are lines that only the person wrote."""

    number: int
    kind: Kind
    base: bytes | None
    ours: bytes | None
    theirs: bytes | None
    path: str
    their_path: str
    written: list[str] = field(default_factory=list)


def corpus(count: int = 500, seed: int = 7) -> list[Pair]:
    chance = random.Random(seed)
    weights = [8, 4, 3, 1, 1, 1, 1]
    return [_pair(number, chance.choices([*Kind], weights)[0], chance) for number in range(count)]


def _pair(number: int, kind: Kind, chance: random.Random) -> Pair:
    base = [f"line {place} of {number}: {chance.getrandbits(64):x}" for place in range(LINES)]
    near = kind is Kind.SAME_LINES
    ours, _ = _edited(base, "generated", range(LINES // 2 - 3), chance)
    theirs, written = _edited(base, "person", range(LINES // 2 - 3) if near else range(LINES // 2 + 3, LINES), chance)
    if near:
        place = chance.randrange(5, LINES // 2 - 5)
        written = [f"person at {number}"]
        ours, theirs = list(base), list(base)
        ours[place], theirs[place] = f"generated at {number}", written[0]
    path = f"p{number % 20}/f{number}.txt"
    moved = f"q{number}/moved-{number}.txt" if kind is Kind.MOVED else path
    pair = Pair(number, kind, _text(base), _text(ours), _text(theirs), path, moved, written)
    return _special(pair, chance)


def _special(pair: Pair, chance: random.Random) -> Pair:
    if pair.kind is Kind.DELETED:
        pair.theirs, pair.written = None, []
    elif pair.kind is Kind.REMOVED:
        pair.ours = None
    elif pair.kind is Kind.BOTH_ADDED:
        pair.base = None
    elif pair.kind is Kind.BINARY:
        pair.base, pair.ours, pair.theirs = (b"\0" + chance.randbytes(200) for _ in range(3))
        pair.written = []
    return pair


def _edited(base: list[str], who: str, where: range, chance: random.Random) -> tuple[list[str], list[str]]:
    """Replace, insert or delete a few lines within a range of places; return the lines that are new, too."""
    lines, written = list(base), []
    for place in sorted(chance.sample(where, 3), reverse=True):
        line = f"{who} wrote {chance.getrandbits(64):x}"
        action = chance.choice(("replace", "insert", "delete"))
        lines[place : place + (action != "insert")] = [] if action == "delete" else [line]
        written += [] if action == "delete" else [line]
    return lines, written


def _text(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
