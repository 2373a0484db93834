"""Canonical JSON and digests: one spelling for equal values.

The canonical form is RFC 8785 (JCS): UTF-8, keys sorted, shortest numbers. Two texts that mean the same
JSON value, whatever their order of keys, spacing or notation (JSON, YAML), have the same digest.
"""

import hashlib
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Union

import rfc8785

from repomill.workflow.pointers import ROOT, child

Json = Union[dict[str, "Json"], list["Json"], str, int, float, bool, None]

DIGEST_PREFIX = "sha256:"

LARGEST_INTEGER: Final = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly (RFC 8259, 6; RFC 8785)."""

_INTEGER: Final = re.compile(r"-?[1-9][0-9]{15,999}")


class NotCanonical(ValueError):
    """A value holds what canonical JSON cannot; the text says where."""


def canonical_json(value: object) -> bytes:
    """Return the RFC 8785 form of a JSON value.

    Raises:
        NotCanonical: the value holds something JSON cannot (a set, NaN, an integer beyond 2**53).
    """
    try:
        return rfc8785.dumps(value)  # type: ignore[arg-type]  # narrower alias than any JSON value; it checks itself
    except rfc8785.CanonicalizationError as error:
        place, reason = next(number_faults(value), (ROOT, str(error)))
        raise NotCanonical(f"{place}: {reason}" if place else reason) from error


def number_fault(value: object) -> str:
    """Return why canonical JSON cannot hold a number, "" where it can."""
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        return f"{str(value)[:20]} is beyond the integers that JSON keeps exactly (2**53 - 1)"
    if isinstance(value, float) and not math.isfinite(value):
        return "JSON has no infinity and no NaN"
    return ""


def number_faults(value: object, pointer: str = ROOT) -> Iterator[tuple[str, str]]:
    """Yield the place of each number that canonical JSON cannot hold, as a JSON pointer, and why."""
    if fault := number_fault(value):
        yield pointer, fault
    if isinstance(value, dict | list | tuple):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from number_faults(item, child(pointer, key))


def finite(text: str) -> float:
    """Read a number as `json.loads` does with its `parse_float`, which takes `1e999` for infinity by itself.

    Raises:
        ValueError: it is beyond what floating-point numbers hold.
    """
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is beyond the numbers that JSON readers hold")
    return number


def as_canonical(value: Any) -> Any:
    """Return the value with integers that canonical JSON does not know as text: ids of 64 bits keep all digits."""
    if isinstance(value, dict):
        return {key: as_canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_canonical(item) for item in value]
    return str(value) if isinstance(value, int) and abs(value) > LARGEST_INTEGER else value


def digest(value: object) -> str:
    """Return `sha256:<hex>` over the canonical form of a JSON value."""
    return digest_bytes(canonical_json(value))


def digest_file(path: Path) -> str:
    """Return `sha256:<hex>` over a file of any size."""
    with path.open("rb") as content:
        return DIGEST_PREFIX + hashlib.file_digest(content, "sha256").hexdigest()


def digest_bytes(content: bytes) -> str:
    """Return `sha256:<hex>` over the bytes as they are."""
    return DIGEST_PREFIX + hashlib.sha256(content).hexdigest()


def exact_integer(value: object) -> int | None:
    """Return the integer that `as_canonical` would write as this text, None where it is no such text."""
    if not isinstance(value, str) or not _INTEGER.fullmatch(value):
        return None
    number = int(value)
    return number if abs(number) > LARGEST_INTEGER else None
