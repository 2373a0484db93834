"""Canonical JSON and digests: one spelling for equal values.

The canonical form is RFC 8785 (JCS): UTF-8, keys sorted, shortest numbers. Two texts that mean the same
JSON value, whatever their order of keys, spacing or notation (JSON, YAML), have the same digest.
"""

import hashlib
from pathlib import Path
from typing import Union

import rfc8785

Json = Union[dict[str, "Json"], list["Json"], str, int, float, bool, None]

DIGEST_PREFIX = "sha256:"


def canonical_json(value: object) -> bytes:
    """Return the RFC 8785 form of a JSON value.

    Raises:
        ValueError: the value holds something JSON cannot (a set, NaN, an integer beyond 2**53).
    """
    try:
        return rfc8785.dumps(value)  # type: ignore[arg-type]  # narrower alias than any JSON value; it checks itself
    except rfc8785.CanonicalizationError as error:
        raise ValueError(str(error)) from error


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
