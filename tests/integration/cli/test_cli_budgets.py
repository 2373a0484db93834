"""Budgets and costs on the command line."""

import csv
from datetime import UTC, datetime
from functools import partial
from io import StringIO

import pytest

from tests.integration.cli.conftest import CommandLine
from tests.integration.tasks.test_costs_and_budgets import PRICED, spend


def test_a_budget_is_set_shown_and_taken_away(repomill: CommandLine) -> None:
    assert repomill("budget", "set", "tea", "--cost", "1.50", "--calls", "7").code == 0
    assert repomill("budget", "set", "--period", "day", "--tokens", "1000").code == 0
    everybody, tea = repomill.json("budget", "show")
    assert (everybody["project"], everybody["period"], everybody["limit_tokens"]) == ("", "day", 1000)
    assert (tea["limit_cost_usd"], tea["limit_calls"], tea["spent_cost_usd"]) == ("1.5", 7, "0")
    assert repomill("budget", "set", "tea", "--remove").code == 0
    assert repomill.json("budget", "show", "tea") == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("budget", "set", "tea"), "limits at least one of money, calls and tokens"),
        (("budget", "set", "tea", "--cost", "much"), "'much' is no amount"),
        (("budget", "set", "tea", "--cost", "-1"), "an amount is 0 or more"),
        (("budget", "show", "unknown"), "unknown"),
        (("costs", "--by", "colour"), "known are project, workflow, model, source, day"),
    ],
)
def test_what_cannot_be_is_refused(repomill: CommandLine, arguments: tuple[str, ...], said: str) -> None:
    assert said in repomill.fails(2, *arguments)


def test_no_call_costs_nothing(repomill: CommandLine) -> None:
    assert repomill.json("costs") == []
    assert repomill("costs", "--csv").out.strip() == ""


def test_costs_are_told_by_every_key_as_a_table_and_as_csv(repomill: CommandLine) -> None:
    for project, model in (("tea", "small"), ("tea", "large"), ("cake", "small")):
        repomill.on_services(partial(spend, project=project, model=model, usage=PRICED))
    today = datetime.now(UTC).date().isoformat()
    text = repomill("costs", "--by", "project,workflow,model,day", "--csv").out
    heading, *rows = csv.reader(StringIO(text))
    assert heading[:5] == ["project", "workflow", "model", "day", "calls"]
    assert sorted(row[:5] for row in rows) == [
        ["cake", "demo", "small", today, "1"],
        ["tea", "demo", "large", today, "1"],
        ["tea", "demo", "small", today, "1"],
    ]
    assert {row[heading.index("cost_usd")] for row in rows} == {"0.02"}
    assert all(word in repomill("costs", "--by", "day").out for word in (today, "0.06"))
