"""What providers say of their limits, and how long a next call waits for them."""

from datetime import UTC, datetime

import pytest

from repomill.calls.ledger import FREE, Usage
from repomill.calls.rate_limits import LONGEST, rest, wait_of_refusal

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
        (openai("requests", remaining="0", reset="1d2h"), 3600.0),
        (openai("requests", remaining="0", reset="12.5"), 12.5),
        (openai("tokens", limit="1000", remaining="400", reset="36s"), 0.0),
        (openai("tokens", limit="1000", remaining="200", reset="48s"), 12.0),
        (openai("tokens", limit="300", remaining="100", reset="40s"), 40.0),
        (anthropic("requests", limit="50", remaining="0", reset="2026-01-01T12:01:00Z"), 1.2),
        (anthropic("tokens", limit="1000", remaining="0", reset="2026-01-01T12:00:10Z"), 4.0),
        (anthropic("input-tokens", limit="1000", remaining="0", reset="2026-01-01T12:00:10Z"), 3.0),
        (anthropic("output-tokens", limit="1000", remaining="0", reset="2026-01-01T12:00:10Z"), 1.0),
        (anthropic("requests", remaining="0", reset="2026-01-01T11:00:00Z"), 0.0),
        (openai("requests", remaining="0", reset="1767268812"), 12.0),
        (openai("images", limit="5", remaining="2", reset="1m"), 20.0),
        # the longer one counts
        (openai("requests", remaining="0", reset="2s") | openai("tokens", remaining="0", reset="7s"), 7.0),
    ],
)
def test_it_is_as_long_as_what_is_missing_takes(headers: dict[str, str], seconds: float) -> None:
    assert rest(headers, USED, NOW, images=3) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "facts",
    [
        {"remaining": "0"},
        {"remaining": "0", "reset": "soon"},
        {"remaining": "0", "reset": "-5"},
        {"remaining": "0", "reset": "nan"},
        {"remaining": "0", "reset": "2026-01-01T12:01:00"},
        {"remaining": "none", "reset": "5s"},
        {"remaining": "-1", "reset": "5s"},
        {"reset": "5s"},
    ],
)
def test_what_cannot_be_read_counts_for_nothing(facts: dict[str, str]) -> None:
    assert rest(openai("requests", **facts), USED, NOW) == 0.0


@pytest.mark.parametrize("spelling", ["ratelimit", "x-ratelimit", "x-rate-limit"])
@pytest.mark.parametrize(
    ("facts", "seconds"),
    [
        ({"limit": "60", "remaining": "0", "reset": "30"}, 30.0),
        ({"limit": "60", "remaining": "1", "reset": "30"}, 0.0),
        ({"limit": "60, 60;w=60", "remaining": "0", "reset": "30"}, 30.0),
        ({"remaining": "0", "reset": "1767268830"}, 30.0),  # Unix time, as GitHub has it
        ({"remaining": "0", "reset": "1767268830000"}, 30.0),  # in milliseconds
        ({"remaining": "0", "reset": "1767268770"}, 0.0),
        ({"remaining": "0", "reset": "2026-01-01T12:00:30+00:00"}, 30.0),
        ({"remaining": "0", "reset": "Thu, 01 Jan 2026 12:00:30 GMT"}, 30.0),
        ({"remaining": "0", "reset": "60000"}, LONGEST),  # milliseconds, taken for seconds
        ({"remaining": "0", "reset": "4102444800"}, LONGEST),
        ({"limit": "0", "remaining": "0", "reset": "30"}, 0.0),
        ({"limit": "-1", "remaining": "-1", "reset": "30"}, 0.0),
        ({"remaining": "0"}, 0.0),
    ],
)
def test_a_window_that_is_used_up_is_waited_for_until_its_end(
    spelling: str, facts: dict[str, str], seconds: float
) -> None:
    assert rest({f"{spelling}-{fact}": value for fact, value in facts.items()}, FREE, NOW) == seconds


@pytest.mark.parametrize(
    ("limit", "policy", "seconds"),
    [
        ('"default";r=0;t=30', "", 30.0),
        ('"default";r=1;t=30', "", 0.0),
        ('"burst";r=0;t=2, "day";r=0;t=90', '"burst";q=5;w=10,"day";q=1000;w=86400', 90.0),
        ('"burst";r=3;t=2,"day, of all";t=90; r=0', "", 90.0),
        ('"burst";r=0', '"day";q=9;w=86400, "burst";q=5;w=10', 10.0),
        ('"burst";r=0', "", 0.0),
        ('"none";r=0;t=30', '"none";q=0;w=60', 0.0),
        ('"many";r=0;t=30', '"many";q=9;qu="concurrent-requests"', 0.0),
        ("default;r=0;t=30;pk=:dXNlcjs=:", "", 30.0),
        ("limit=10, remaining=0, reset=30", "10;w=60", 30.0),  # as draft 7 has it
        ("limit=10, remaining=2, reset=30", "10;w=60", 0.0),
        ('"never closed;r=0;t=30', "", 0.0),
        ('";,\\', ";,", 0.0),
    ],
)
def test_every_policy_is_read(limit: str, policy: str, seconds: float) -> None:
    assert rest({"ratelimit": limit, "ratelimit-policy": policy}, FREE, NOW) == seconds


def test_headers_that_are_long_and_nonsense_are_soon_read() -> None:
    assert rest({"ratelimit": '"' * 60_000, "ratelimit-policy": '"\\' * 30_000}, FREE, NOW) == 0.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "9", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "5"}, 9.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "5"}, 5.0),
        ({}, 0.0),
    ],
)
def test_a_refusal_says_when_to_come_back_in_its_own_header_or_as_answers_do(
    headers: dict[str, str], seconds: float
) -> None:
    assert wait_of_refusal(headers, NOW) == seconds
