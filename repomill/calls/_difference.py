"""What differs between two JSON values, in words, by JSON pointer."""

import json
from collections.abc import Iterator

SHOWN = 5
EXCERPT = 60

_ABSENT = object()


def difference(before: object, after: object) -> str:
    """Name the places that differ, with a short excerpt of each side around the first differing character."""
    places = list(_differences("", before, after))
    lines = [f"{pointer}: {_excerpts(old, new)}" for pointer, old, new in places[:SHOWN]]
    if len(places) > SHOWN:
        lines.append(f"and {len(places) - SHOWN} more")
    return "; ".join(lines)


def distance(before: object, after: object) -> int:
    """Return the number of places that differ."""
    return sum(1 for _ in _differences("", before, after))


def _differences(pointer: str, before: object, after: object) -> Iterator[tuple[str, object, object]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            step = str(key).replace("~", "~0").replace("/", "~1")
            yield from _differences(f"{pointer}/{step}", before.get(key, _ABSENT), after.get(key, _ABSENT))
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            yield from _differences(f"{pointer}/{index}", _item(before, index), _item(after, index))
    elif before != after:
        yield pointer or "/", before, after


def _item(values: list[object], index: int) -> object:
    return values[index] if index < len(values) else _ABSENT


def _excerpts(before: object, after: object) -> str:
    old, new = _text(before), _text(after)
    start = max(0, next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), 0) - EXCERPT // 3)
    return f"recorded {_cut(old, start)}, now {_cut(new, start)}"


def _text(value: object) -> str:
    return "nothing" if value is _ABSENT else json.dumps(value, ensure_ascii=False)


def _cut(text: str, start: int) -> str:
    end = start + EXCERPT
    return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")
