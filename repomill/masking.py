"""Known secrets taken out of what people are shown, in every spelling a program would give them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import SecretStr

from repomill.trees.policy.known_secrets import spellings

MASK: Final = "***"

_TELLING: Final = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")
_SHORTEST: Final = 8


class Masker:
    """Replaces secrets in text; longer spellings first, so that none leaves a part of itself."""

    def __init__(self, secrets: Sequence[SecretStr]) -> None:
        self.forms: tuple[str, ...] = tuple(sorted(spellings(secrets), key=len, reverse=True))

    def text(self, text: str) -> str:
        """Return the text without secrets."""
        for form in self.forms:
            if form in text:
                text = text.replace(form, MASK)
        return text

    def value(self, value: Any) -> Any:
        """Return JSON without secrets, in names as well."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(name)): self.value(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value


def environment_secrets(environment: Mapping[str, str]) -> tuple[SecretStr, ...]:
    """Return the values of variables whose names say that they are secret."""
    telling = (value for name, value in environment.items() if name.upper().endswith(_TELLING))
    return tuple(SecretStr(value) for value in telling if len(value) >= _SHORTEST)
