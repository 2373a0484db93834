"""Budgets and costs on the command line."""

import pytest

from tests.integration.cli.conftest import CommandLine


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
