"""Tokens a minute for many processes: a provider that counts them refuses none of their calls."""

import pytest

from tests.conformance.queue_board_suite import SetClock
from tests.fakes.queueing_processes import ask_at_once
from tests.servers.model_server import Asked
from tests.servers.token_limit import TokenLimit

PROCESSES, CALLS = 3, 6


def test_processes_at_once_are_never_faster_than_the_provider_allows(migrated_url: str) -> None:
    limit = TokenLimit(120_000)
    answered, tokens = ask_at_once(limit, migrated_url, PROCESSES, CALLS)
    assert (answered, limit.refused) == (PROCESSES * CALLS, 0)
    assert tokens == limit.used > 0


@pytest.mark.parametrize(("seconds", "answers"), [(0.5, [429]), (1.0, [200, 429]), (2.5, [200, 200, 429])])
def test_that_provider_refuses_what_it_has_no_tokens_for(seconds: float, answers: list[int]) -> None:
    clock = SetClock()
    limit = TokenLimit(60 * 420, clock)
    limit.begin()
    clock.now += seconds
    assert [limit(Asked(each, {}, {})).status for each in range(len(answers))] == answers
