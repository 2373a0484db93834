"""Budgets: what may be spent, and what a call takes of it."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from repomill.calls.ledger import Usage


def plain(amount: Decimal) -> Decimal:
    """Return an amount of money without zeros at its end, as people write it."""
    return Decimal(f"{amount.normalize():f}")


class Period(StrEnum):
    """What a budget covers."""

    TOTAL = "total"
    """All there ever was."""
    DAY = "day"
    """One day, in UTC."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that may be spent: US dollars, calls of models, tokens in and out; None where there is no bound."""

    cost_usd: Decimal | None = None
    calls: int | None = None
    tokens: int | None = None

    def __bool__(self) -> bool:
        return (self.cost_usd, self.calls, self.tokens) != (None, None, None)


@dataclass(frozen=True, slots=True)
class Amount:
    """So much money, so many calls, so many tokens."""

    cost: Decimal = Decimal(0)
    calls: int = 0
    tokens: int = 0

    @classmethod
    def of(cls, usage: Usage, otherwise: Decimal | None = None) -> "Amount":
        """Return what one call takes; `otherwise` stands for a cost that nobody knows."""
        cost = otherwise if usage.cost is None else usage.cost
        return cls(cost or Decimal(0), 1, usage.input_tokens + usage.output_tokens)

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.cost + other.cost, self.calls + other.calls, self.tokens + other.tokens)

    def __sub__(self, other: "Amount") -> "Amount":
        return Amount(self.cost - other.cost, self.calls - other.calls, self.tokens - other.tokens)

    def or_more(self, other: "Amount") -> "Amount":
        """Return the greater of two in each unit."""
        return Amount(max(self.cost, other.cost), max(self.calls, other.calls), max(self.tokens, other.tokens))

    def excess(self, limits: Limits) -> str:
        """Say which limit this is over, "" for none."""
        if limits.cost_usd is not None and self.cost > limits.cost_usd:
            return f"{plain(limits.cost_usd)} US dollars"
        if limits.calls is not None and self.calls > limits.calls:
            return f"{limits.calls} calls"
        if limits.tokens is not None and self.tokens > limits.tokens:
            return f"{limits.tokens} tokens"
        return ""
