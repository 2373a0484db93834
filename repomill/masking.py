"""Known secrets taken out of what people are shown, in every spelling a program would give them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, SecretStr

from repomill.trees.policy.known_secrets import spellings

MASK: Final = "***"

_TELLING: Final = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")
_SHORTEST: Final = 8


class Masker:
    """Replaces secrets in text; of those that overlap, none leaves a part of itself."""

    def __init__(self, secrets: Sequence[SecretStr]) -> None:
        self.forms: tuple[str, ...] = tuple(dict.fromkeys(spellings(secrets)))

    def text(self, text: str) -> str:
        """Return the text without secrets."""
        shown, after = [], 0
        for start, end in self._places(text):
            shown += [text[after:start], MASK]
            after = end
        return "".join([*shown, text[after:]])

    def settled(self, text: str) -> int:
        """Return the length of the beginning of a text that is masked alike whatever follows the text.

        What comes after it may begin a secret, or belong to one that a longer one goes on from.
        """
        place = len(text) - max((_overlap(text, form) for form in self.forms), default=0)
        return next((start for start, end in self._places(text) if start < place < end), place)

    def _places(self, text: str) -> list[tuple[int, int]]:
        """Return where secrets stand, in order; those that overlap are one place."""
        places: list[tuple[int, int]] = []
        for start, end in sorted(place for form in self.forms for place in _occurrences(text, form)):
            if places and start < places[-1][1]:
                begun, ended = places.pop()
                places.append((begun, max(ended, end)))
            else:
                places.append((start, end))
        return places

    def value(self, value: Any) -> Any:
        """Return JSON without secrets, in names as well."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(name)): self.value(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value


def secrets_of(value: object) -> tuple[SecretStr, ...]:
    """Return the secrets of a source, also those further inside: an API's credentials are a model of their own."""
    if isinstance(value, SecretStr):
        return (value,)
    inner = vars(value) if isinstance(value, BaseModel) else value
    return tuple(secret for item in inner.values() for secret in secrets_of(item)) if isinstance(inner, dict) else ()


def masked(text: str, source: BaseModel) -> str:
    """Return what a server said without the secrets it was sent: some quote the key they refuse."""
    return Masker(secrets_of(source)).text(text)


def _occurrences(text: str, form: str) -> Iterator[tuple[int, int]]:
    start = -1
    while (start := text.find(form, start + 1)) >= 0:
        yield start, start + len(form)


def _overlap(text: str, form: str) -> int:
    """Return the length of the longest end of the text that a form begins with."""
    start = max(0, len(text) - len(form) + 1)
    while (start := text.find(form[0], start)) >= 0:
        if form.startswith(text[start:]):
            return len(text) - start
        start += 1
    return 0


def environment_secrets(environment: Mapping[str, str]) -> tuple[SecretStr, ...]:
    """Return the values of variables whose names say that they are secret."""
    telling = (value for name, value in environment.items() if name.upper().endswith(_TELLING))
    return tuple(SecretStr(value) for value in telling if len(value) >= _SHORTEST)
