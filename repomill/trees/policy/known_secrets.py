"""The run's own secrets, in any file and in the encodings that a program would put them in."""

import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from urllib.parse import quote, quote_plus

from pydantic import SecretStr

from repomill.trees.policy.findings import Finding, redact
from repomill.trees.policy.text import as_utf8
from repomill.trees.tree import TreeFile

MIN_LENGTH: Final = 6
"""Shorter secrets are left out: every tree would have them somewhere by chance."""


class KnownSecrets:
    """Finds given values exactly, plain, base64 (any alignment), URL-encoded and inside JSON strings."""

    def __init__(self, secrets: Sequence[SecretStr]) -> None:
        self._forms = [(form.encode(), value) for value in _long_enough(secrets) for form in _forms(value)]

    def check(self, path: str, content: bytes) -> list[Finding]:
        """Return a finding for the first place of each secret; it always blocks."""
        text = as_utf8(content)
        found = {value: text.find(form) for form, value in reversed(self._forms) if form in text}
        return [_finding(path, value, text.count(b"\n", 0, place) + 1) for value, place in sorted(found.items())]

    def check_path(self, path: str) -> list[Finding]:
        """Return a finding for each secret in the path itself, which the findings then do not name."""
        spelled = path.encode()
        values = dict.fromkeys(value for form, value in self._forms if form in spelled)
        return [
            Finding("known_secret", "", 0, f"A path holds a secret that this run was given: {redact(value)}.", "block")
            for value in values
        ]


def spellings(secrets: Sequence[SecretStr]) -> tuple[str, ...]:
    """Return every form in which the secrets may stand somewhere."""
    return tuple(form for value in _long_enough(secrets) for form in _forms(value))


def find_known(files: Iterable[TreeFile], secrets: Sequence[SecretStr]) -> list[Finding]:
    """Return a finding for each secret in each file, or in the path that it has."""
    known = KnownSecrets(secrets)
    return [found for file in files for found in known.check_path(file.path) or known.check(file.path, file.content)]


def _long_enough(secrets: Sequence[SecretStr]) -> list[str]:
    values = dict.fromkeys(secret.get_secret_value() for secret in secrets)
    return [value for value in values if len(value) >= MIN_LENGTH]


def _finding(path: str, secret: str, line: int) -> Finding:
    message = f"Holds a secret that this run was given: {redact(secret)}."
    return Finding("known_secret", path, line, message, "block")


def _forms(secret: str) -> Iterator[str]:
    """Yield each spelling once, the plain one first."""
    # As Python's `quote` does by default and without exceptions, JavaScript's encodeURIComponent, and a form.
    upper = (quote(secret), quote(secret, safe=""), quote(secret, safe="!'()*"), quote_plus(secret))
    lower = (_lower_escapes(form) for form in upper)
    spellings = (secret, *upper, *lower, json.dumps(secret)[1:-1], *_base64_forms(secret.encode()))
    yield from dict.fromkeys(spellings)


def _lower_escapes(text: str) -> str:
    first, *rest = text.split("%")
    return "%".join([first, *(part[:2].lower() + part[2:] for part in rest)])


def _base64_forms(secret: bytes) -> Iterator[str]:
    """Yield what a secret looks like within base64, for each of the three places its first byte can have.

    Characters at both ends that depend on the neighbours are cut off.
    """
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + secret).decode()
        usable = (offset + len(secret)) * 8 // 6
        inner = encoded[(0, 2, 3)[offset] : usable]
        yield from (inner, inner.replace("+", "-").replace("/", "_"))
