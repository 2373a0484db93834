"""Plain YAML scalars under the YAML 1.2 core schema (chapter 10.3), so that YAML and JSON read alike.

`on`, `yes`, `1_000`, `12:30` and dates are text, unlike in YAML 1.1.
"""

import re

from repomill.canonical import finite, number_fault

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL = re.compile(r"0o[0-7]+\Z")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_NOT_FINITE = re.compile(r"([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\Z")

_LONGEST_NUMBER = 400


def scalar_value(text: str) -> str | int | float | bool | None:
    """Return what an unquoted scalar means.

    Raises:
        ValueError: a number that JSON does not have (infinity, not-a-number) or that would lose digits.
    """
    value = core_value(text)
    if fault := number_fault(value):
        raise ValueError(fault)
    return value


def core_value(text: str) -> str | int | float | bool | None:
    """Return what an unquoted scalar means; integers may have any size.

    Raises:
        ValueError: a number that JSON does not have, or one of too many digits.
    """
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if text[0] in "+-.0123456789":
        return _number_or_text(text)
    return text


def _number_or_text(text: str) -> str | int | float:
    number = _number(text)
    return text if number is None else number


def _number(text: str) -> int | float | None:
    if _NOT_FINITE.match(text):
        raise ValueError("JSON has no infinity and no NaN")
    base = 10 if _INTEGER.match(text) else 8 if _OCTAL.match(text) else 16 if _HEXADECIMAL.match(text) else None
    if base is None:
        return finite(text) if _FLOAT.match(text) else None
    if len(text) > _LONGEST_NUMBER:  # int() itself refuses from 4300 digits on, with its own words
        raise ValueError("the number has too many digits")
    return int(text, base)
