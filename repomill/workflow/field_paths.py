"""Dotted paths into plain data: `nodes.plan.output.modules[0].name`; any other name as `["unit price"]`."""

import re
from collections.abc import Mapping
from enum import Enum, auto
from typing import Final, Literal

from repomill.canonical import Json

Path = tuple[str | int, ...]

_NAME: Final = r"[A-Za-z_][\w-]*"
_QUOTED: Final = r'\["[^"\\]+"\]'
_FURTHER: Final = rf"(\.[\w-]+|\[(0|[1-9][0-9]*)\]|{_QUOTED})*"

NAMED_PATH: Final = _NAME + _FURTHER
"""A path that is an expression as well, where a bracket at its beginning would make a list."""

FIELD_PATH: Final = rf"({_NAME}|{_QUOTED}){_FURTHER}"
_PART: Final = re.compile(r'\["([^"\\]+)"\]|\[([0-9]+)\]|([\w-]+)')


class Missing(Enum):
    """Tells a place that does not exist from one that holds null."""

    MISSING = auto()


MISSING: Final = Missing.MISSING


def parse_field_path(text: str) -> Path:
    """Return the parts of a path; numbers in brackets are indexes, texts in brackets are names.

    Raises:
        ValueError: it is no path.
    """
    if not re.fullmatch(FIELD_PATH, text):
        raise ValueError(f"{text!r} is not a path such as nodes.plan.output.items[0].name")
    return tuple(int(index) if index else quoted or name for quoted, index, name in _PART.findall(text))


def value_at(data: Mapping[str, Json], path: Path) -> Json | Literal[Missing.MISSING]:
    """Return what stands at the path, `MISSING` when there is no such place."""
    here: Json = dict(data)
    for part in path:
        if isinstance(here, dict) and str(part) in here:
            here = here[str(part)]
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
        else:
            return MISSING
    return here
