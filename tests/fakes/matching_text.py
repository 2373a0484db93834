"""Texts that a regular expression matches, made by walking through it."""

import random
import re
import string
import warnings
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, Final

# Python's own parser of patterns, which no public function offers.
_parser: Final[Any] = import_module("re._parser")

_PRINTABLE: Final = [chr(number) for number in range(33, 127)]
_CATEGORIES: Final = {
    "CATEGORY_DIGIT": string.digits,
    "CATEGORY_NOT_DIGIT": "abc",
    "CATEGORY_WORD": string.ascii_letters + string.digits,
    "CATEGORY_NOT_WORD": " -",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_SPACE": string.ascii_letters + string.digits,
}
_POSIX: Final = {"alnum": "A-Za-z0-9", "alpha": "A-Za-z", "digit": "0-9", "word": r"\w", "xdigit": "0-9A-Fa-f"}


class Pattern:
    """A pattern of Rust's or Go's dialect, as far as Python can read it."""

    def __init__(self, pattern: str) -> None:
        flags = "".join(sorted(set("".join(re.findall(r"\(\?([imsx]+)\)", pattern)))))
        bare = re.sub(r"\(\?[imsx]+\)", "", pattern).replace(r"\z", r"\Z")
        bare = re.sub(r"\\x\{([0-9a-fA-F]+)\}", lambda code: rf"\x{int(code[1], 16):02x}", bare)
        for name, characters in _POSIX.items():
            bare = bare.replace(f"[:{name}:]", characters)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # "[[" will mean something in a later Python
            self._tree = _parser.parse(f"(?{flags}){bare}" if flags else bare)

    def text(self, chance: random.Random) -> str:
        """Return a text that matches in most cases; what is looked ahead for is not made."""
        return _Walk(chance).sequence(self._tree)


class _Walk:
    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._groups: dict[int, str] = {}
        self._makers: dict[str, Callable[[Any], str]] = {
            "LITERAL": chr,
            "NOT_LITERAL": lambda value: self._chance.choice([c for c in "aZ09_" if c != chr(value)]),
            "ANY": lambda _: self._chance.choice(string.ascii_letters),
            "IN": self._one_of,
            "MAX_REPEAT": self._repeat,
            "MIN_REPEAT": self._repeat,
            "SUBPATTERN": self._group,
            "BRANCH": lambda value: self.sequence(self._chance.choice(value[1])),
            "GROUPREF": lambda value: self._groups.get(value, ""),
        }

    def sequence(self, items: Iterable[Any]) -> str:
        return "".join(self._makers.get(str(operation), lambda _: "")(value) for operation, value in items)

    def _group(self, value: Any) -> str:
        number, _, _, inner = value
        self._groups[number] = self.sequence(inner)
        return self._groups[number]

    def _repeat(self, value: Any) -> str:
        least, most, inner = value
        count = least if self._chance.random() < 0.6 else self._chance.randint(least, min(int(most), least + 20))
        return "".join(self.sequence(inner) for _ in range(count))

    def _one_of(self, items: Any) -> str:
        inverse = str(items[0][0]) == "NEGATE"
        named = {character for item in items for character in _characters(*item)}
        choices = [c for c in _PRINTABLE if c not in named] if inverse else sorted(named)
        plain = [c for c in choices if c.isalnum()]
        return self._chance.choice(plain if plain and self._chance.random() < 0.9 else choices)


def _characters(operation: object, value: Any) -> Iterable[str]:
    match str(operation):
        case "LITERAL":
            return [chr(value)]
        case "RANGE":
            return [chr(number) for number in range(value[0], min(value[1], 126) + 1)]
        case "CATEGORY":
            return _CATEGORIES[str(value)]
        case _:
            return []
