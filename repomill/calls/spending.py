"""What something can cost at most, told before anything is asked."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Spending:
    """The most that something costs, in US dollars; `cost` is None where nobody can tell, and `reason` says why.

    `advice` tells how a bound can be had.
    """

    cost: Decimal | None
    reason: str = ""
    advice: str = ""

    def __add__(self, other: "Spending") -> "Spending":
        if self.cost is None or other.cost is None:
            return self if self.cost is None else other
        return Spending(self.cost + other.cost)

    def times(self, count: int) -> "Spending":
        """Return what so many of it cost."""
        return self if self.cost is None else Spending(self.cost * count)


NOTHING = Spending(Decimal(0))
