"""A check: one rule that must hold for one declaration in one case."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass


class NotConforming(AssertionError):
    """A declaration breaks a rule; the message says which and how."""


@dataclass(frozen=True, slots=True)
class Check:
    """Call it: it returns, or raises `NotConforming`; what the declaration itself raises passes through."""

    title: str
    hold: Callable[[], None]

    def __call__(self) -> None:
        """Hold the declaration to the rule."""
        self.hold()

    def __str__(self) -> str:
        return self.title


def require(kept: bool, message: str) -> None:
    """Raise `NotConforming` unless a rule is kept."""
    if not kept:
        raise NotConforming(message)


def require_unseen(secrets: Iterable[str], shown: Iterable[str]) -> None:
    """Raise `NotConforming` when a secret stands in what people can read."""
    texts = list(shown)
    for secret in secrets:
        found = next((text for text in texts if secret in text), "")
        require(not found, f"a secret of the case shows in: {found[:200]}")


def title(case: object, rule: Callable[..., None]) -> str:
    """Return what a test runner shows."""
    return f"{case}: {rule.__name__.replace('_', ' ')}"
