"""What providers say of their limits, and how long a next call waits for them."""

from datetime import UTC, datetime

import pytest

from repomill.calls.ledger import Usage
from repomill.calls.rate_limits import rest

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
USED = Usage(300, 100)


def openai(of: str, **facts: str) -> dict[str, str]:
    return {f"x-ratelimit-{fact}-{of}": value for fact, value in facts.items()}


def anthropic(of: str, **facts: str) -> dict[str, str]:
    return {f"anthropic-ratelimit-{of}-{fact}": value for fact, value in facts.items()}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0.0),
        (openai("requests", limit="60", remaining="1", reset="59s"), 0.0),
        (openai("requests", limit="60", remaining="0", reset="1m0s"), 1.0),
        (openai("requests", remaining="0", reset="6m30s"), 390.0),
        (openai("requests", remaining="0", reset="20ms"), 0.02),
        (openai("requests", remaining="0", reset="1d2h"), 93600.0),
        (openai("requests", remaining="0", reset="12.5"), 12.5),
        (openai("tokens", limit="1000", remaining="400", reset="36s"), 0.0),
        (openai("tokens", limit="1000", remaining="200", reset="48s"), 12.0),
        (openai("tokens", limit="300", remaining="100", reset="40s"), 40.0),
        (anthropic("requests", limit="50", remaining="0", reset="2026-01-01T12:01:00Z"), 1.2),
        (anthropic("tokens", limit="1000", remaining="0", reset="2026-01-01T12:00:10Z"), 4.0),
        (anthropic("input-tokens", limit="1000", remaining="0", reset="2026-01-01T12:00:10Z"), 3.0),
        (anthropic("output-tokens", limit="1000", remaining="0", reset="2026-01-01T12:00:10Z"), 1.0),
        (anthropic("requests", remaining="0", reset="2026-01-01T11:00:00Z"), 0.0),
        # the longer one counts
        (openai("requests", remaining="0", reset="2s") | openai("tokens", remaining="0", reset="7s"), 7.0),
    ],
)
def test_it_is_as_long_as_what_is_missing_takes(headers: dict[str, str], seconds: float) -> None:
    assert rest(headers, USED, NOW) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "facts",
    [
        {"remaining": "0"},
        {"remaining": "0", "reset": "soon"},
        {"remaining": "0", "reset": "-5"},
        {"remaining": "0", "reset": "nan"},
        {"remaining": "0", "reset": "1767268860000"},
        {"remaining": "0", "reset": "2026-01-01T12:01:00"},
        {"remaining": "none", "reset": "5s"},
        {"remaining": "-1", "reset": "5s"},
        {"reset": "5s"},
    ],
)
def test_what_cannot_be_read_counts_for_nothing(facts: dict[str, str]) -> None:
    assert rest(openai("requests", **facts), USED, NOW) == 0.0
