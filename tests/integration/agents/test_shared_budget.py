"""One budget for many processes: the server's own count says what was spent, whoever dies on the way."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from queue import SimpleQueue

import pytest

from repomill.calls.budget import Amount, Limits, Period
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from storage.database.transitions import ExecutionStatus
from storage.database.work import Work
from tests.servers.model_server import Asked, ModelServer, Reply, model_server
from tests.servers.waiting import PATIENCE

PROGRAM = [sys.executable, "-m", "tests.integration.agents.spending_process"]
LIMIT = Decimal("1.00")
BOUND = Decimal("0.1")
ANSWER = "Twenty tokens. " * 5
PRICE_OF_ANSWER = Decimal("0.02")
"""US dollars, by the tokens that the server counts itself: 1,000 dollars a million."""


def start(server: ModelServer, url: str, folder: Path, count: int, *more: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([*PROGRAM, server.base_url, url, str(folder), str(count), *more], stdout=-1, text=True)


def limit(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        project = work.projects.get_or_create("demo")  # the project of every execution that the process makes
        work.budgets.define(project.id, Period.TOTAL, Limits(cost_usd=LIMIT))


def taken(work: Work) -> tuple[Amount, Amount]:
    [budget] = work.budgets.defined()
    account = work.budgets.account(budget)
    return account.spent, account.reserved


def end(work: Work) -> None:
    """End the only execution, as one whose process is gone."""
    [execution] = work.executions.list(5)
    work.executions.reconcile(execution.id, ExecutionStatus.FAILED)
    work.calls.end_abandoned(timedelta(minutes=10))


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    opened = Database(migrated_url)
    yield opened
    opened.close()


def test_processes_at_once_never_spend_more_than_the_budget(
    database: Database, migrated_url: str, tmp_path: Path
) -> None:
    limit(database)
    with model_server(lambda asked: ANSWER) as server:
        running = [start(server, migrated_url, tmp_path, 50) for _ in range(4)]
        said = [process.communicate(timeout=PATIENCE)[0].split() for process in running]
    answered, refused = (sum(int(words[place]) for words in said) for place in (0, 1))
    spent = PRICE_OF_ANSWER * len(server.requests)
    assert LIMIT - BOUND < spent <= LIMIT
    with database.transaction(DEFAULT_SCOPE) as work:
        gone, aside = taken(work)
    assert (gone.cost, gone.calls, aside) == (spent, len(server.requests), Amount())
    assert (answered, answered + refused) == (len(server.requests), 200)


def test_a_kill_between_answer_and_settlement_never_frees_what_was_spent(
    database: Database, migrated_url: str, tmp_path: Path
) -> None:
    limit(database)
    with model_server(lambda asked: ANSWER) as server:
        victim = start(server, migrated_url, tmp_path, 1, "dies")
        victim.communicate(timeout=PATIENCE)
    assert (victim.returncode, len(server.requests)) == (-signal.SIGKILL, 1)
    with database.transaction(DEFAULT_SCOPE) as work:
        assert (taken(work)[0], taken(work)[1].cost) == (Amount(), BOUND)
        work.calls.end_abandoned(timedelta(minutes=10))
        assert taken(work)[1].cost == BOUND, "its run may still live"
        end(work)
        assert (taken(work)[0].cost, taken(work)[1]) == (BOUND, Amount())


def test_a_kill_while_the_call_is_in_flight_never_frees_what_may_have_been_spent(
    database: Database, migrated_url: str, tmp_path: Path
) -> None:
    limit(database)
    victims: SimpleQueue[subprocess.Popen[str]] = SimpleQueue()

    def kill(asked: Asked) -> Reply:
        victim = victims.get(timeout=PATIENCE)
        victim.kill()
        victim.wait()
        return Reply(drop="after")

    with model_server(kill) as server:
        victims.put(victim := start(server, migrated_url, tmp_path, 1))
        victim.communicate(timeout=PATIENCE)
    with database.transaction(DEFAULT_SCOPE) as work:
        spent, aside = taken(work)
        assert (spent, aside.cost) == (Amount(), BOUND)
        end(work)
        assert taken(work) == (aside, Amount())
