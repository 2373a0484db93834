import threading

import pytest

from repomill.trees import _in_order
from repomill.trees._in_order import in_order


@pytest.mark.parametrize("count", [0, 1, 2, 200])
@pytest.mark.parametrize("threads", [1, 4])
def test_results_come_in_the_order_of_the_items(count: int, threads: int) -> None:
    assert list(in_order(str, range(count), lambda _: 1, threads)) == [str(number) for number in range(count)]


def test_a_single_item_is_worked_on_where_it_is_asked_for() -> None:
    assert list(in_order(lambda _: threading.current_thread(), [1], lambda _: 1)) == [threading.current_thread()]


def test_items_are_taken_only_some_bytes_ahead() -> None:
    items = iter(range(1, 101))
    results = in_order(lambda item: item, items, lambda _: _in_order._AHEAD_BYTES // 2)
    assert next(results) == 1
    assert next(items) == 4
    assert sum(results) == sum(range(2, 101)) - 4


def test_an_error_in_a_thread_comes_out_in_its_place() -> None:
    results = in_order(lambda item: 6 // item, [3, 2, 0, 1], lambda _: 1)
    assert [next(results), next(results)] == [2, 3]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_no_thread_is_left_when_nobody_takes_the_rest() -> None:
    before = set(threading.enumerate())
    results = in_order(str, range(50), lambda _: 1)
    assert next(results) == "0"
    results.close()  # type: ignore[attr-defined]  # it is a generator
    assert not [thread for thread in set(threading.enumerate()) - before if thread.name.startswith("trees")]
