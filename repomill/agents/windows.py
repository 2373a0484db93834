"""How many tokens a request can have: as the specification says, else as the model takes at most."""

from fractions import Fraction
from typing import Final

from repomill.agents.attachments import IMAGE_TOKENS
from repomill.agents.prices import listed_model
from repomill.agents.source import ModelSource

ROUNDED: Final = Fraction(105, 100)
"""The list says 1,000,000 of windows of 1,048,576 tokens."""

BETAS: Final = "anthropic-beta"
"""A header that can widen a window beyond what the list says."""


def context_window(source: ModelSource, model: str) -> int | None:
    """Return more tokens than a model takes, by the list that comes with Pydantic AI (genai-prices).

    None where the list does not know the endpoint, the model or its window.
    """
    if BETAS in (name.lower() for name in source.headers):
        return None
    listed = listed_model(source.url, model)
    window = listed.context_window if listed is not None else None
    return None if window is None else int(window * ROUNDED)


def most_input(source: ModelSource | None, model: str, stated: int | None, images: int = 0) -> int | None:
    """Return the most tokens that one request can be charged for; None where nobody knows.

    What does not fit the model's window is refused by its provider, and costs nothing. Images stand beside the window:
    some models charge more tokens for one than they say it takes.
    """
    if stated is not None or source is None:
        return stated
    window = context_window(source, model)
    return None if window is None else window + IMAGE_TOKENS * images
