"""When a part that ended may start again."""

from deployments._restarts import LONGEST, SHORTEST, STEADY_AFTER, Restarts


def waits(restarts: Restarts, ends: int) -> list[float]:
    """Return the ages, in steps of half a second, at which each of several quick ends may be followed by a start."""
    return [next(age / 2 for age in range(1000) if restarts.may_start(age / 2)) for _ in range(ends)]


def test_the_wait_doubles_up_to_a_bound() -> None:
    assert waits(Restarts(), 9) == [0.5, 1, 2, 4, 8, 16, LONGEST, LONGEST, LONGEST]


def test_a_part_that_ran_long_starts_again_at_once() -> None:
    restarts = Restarts()
    waits(restarts, 9)
    assert restarts.may_start(STEADY_AFTER)
    assert waits(restarts, 1) == [SHORTEST * 2]
