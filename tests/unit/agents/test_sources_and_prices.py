"""Sources hide their keys, prices are known or said to be unknown, and importing costs little."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from pydantic import SecretStr, ValidationError

from repomill.agents.prices import price, upper_bound
from repomill.agents.source import ModelSource
from repomill.calls.ledger import Usage
from repomill.calls.retry import RetryPolicy

OPENAI = ModelSource(name="main", api_key=SecretStr("sk-very-secret"), model="gpt-4o-mini")
LOCAL = ModelSource(name="local", base_url="http://127.0.0.1:8000/v1")


def test_a_source_never_shows_its_key() -> None:
    assert "very-secret" not in f"{OPENAI!r} {OPENAI} {OPENAI.model_dump_json()}"


def test_openai_is_the_endpoint_when_none_is_named() -> None:
    assert (OPENAI.url, LOCAL.url) == ("https://api.openai.com/v1", "http://127.0.0.1:8000/v1")


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://x", "api.openai.com"])
def test_a_base_url_without_http_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="starts with http"):
        ModelSource(name="x", base_url=url)


def test_a_known_model_has_a_cost() -> None:
    assert price(OPENAI, "gpt-4o-mini", 1_000_000, 1_000_000) == Usage(1_000_000, 1_000_000, Decimal("0.75"))


def test_cached_tokens_are_cheaper() -> None:
    cached, plain = price(OPENAI, "gpt-4o-mini", 1000, 0, cached_tokens=800), price(OPENAI, "gpt-4o-mini", 1000, 0)
    assert cached.cost is not None
    assert plain.cost is not None
    assert cached.cost < plain.cost


@pytest.mark.parametrize(("source", "model"), [(OPENAI, "my-own-model"), (LOCAL, "gpt-4o-mini")])
def test_an_unknown_price_is_none_not_zero(source: ModelSource, model: str) -> None:
    assert price(source, model, 10, 10).cost is None
    assert upper_bound(source, model, 10, 10) is None


def test_stated_prices_win_over_the_list() -> None:
    stated = LOCAL.model_copy(update={"input_price": Decimal(2), "output_price": Decimal(0)})
    assert price(stated, "my-own-model", 1_000_000, 5).cost == 2
    assert upper_bound(stated, "my-own-model", 500_000, 5) == 1


def test_the_upper_bound_is_above_the_cost() -> None:
    prompt = "Write a service that answers questions about the weather."
    bound, used = upper_bound(OPENAI, "gpt-4o-mini", len(prompt), 100), price(OPENAI, "gpt-4o-mini", 10, 100)
    assert bound is not None
    assert used.cost is not None
    assert bound > used.cost


def test_the_upper_bound_holds_for_an_answer_that_comes_in_a_dearer_hour() -> None:
    source, model = ModelSource(name="x", base_url="https://api.deepseek.com/v1"), "deepseek-v4-pro"
    sent = datetime(2026, 11, 22, 0, 59, tzinfo=UTC)
    costs = [price(source, model, 1000, 1000, at=sent + timedelta(minutes=after)).cost for after in (0, 2)]
    assert None not in costs
    assert costs[0] != costs[1]
    assert upper_bound(source, model, 1000, 1000, sent) == max(cost for cost in costs if cost)


@pytest.mark.parametrize(("jitter", "delays"), [(0.0, [0.5, 1.0, 2.0, 30.0]), (1.0, [0.25, 0.5, 1.0, 15.0])])
def test_delays_grow_to_a_ceiling_and_jitter_halves_them_at_most(jitter: float, delays: list[float]) -> None:
    policy = RetryPolicy(jitter=lambda: jitter)
    assert [policy.delay(attempt) for attempt in (1, 2, 3, 20)] == delays


def test_importing_the_room_loads_no_model_library() -> None:
    program = (
        "import sys, pkgutil, importlib, repomill.agents as room\n"
        "names = [m.name for m in pkgutil.iter_modules(room.__path__) if not m.name.startswith('_')]\n"
        "[importlib.import_module(f'repomill.agents.{name}') for name in names]\n"
        "print(sorted({'pydantic_ai', 'openai', 'genai_prices', 'jsonschema', 'httpx'} & sys.modules.keys()))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
