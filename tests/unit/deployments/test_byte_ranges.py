"""The Range header."""

import pytest

from deployments._byte_ranges import ByteRange, NotSatisfiable, parse_range


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", ByteRange(0, 0)),
        ("bytes=2-5", ByteRange(2, 5)),
        ("bytes=7-", ByteRange(7, 9)),
        ("bytes=7-99", ByteRange(7, 9)),
        ("bytes=-3", ByteRange(7, 9)),
        ("bytes=-99", ByteRange(0, 9)),
    ],
)
def test_one_range_of_ten_bytes(header: str, expected: ByteRange) -> None:
    assert parse_range(header, 10) == expected


@pytest.mark.parametrize("header", ["", "bytes=-", "bytes=5-2", "bytes=0-1,3-4", "items=0-1", "bytes=a-b"])
def test_what_is_no_single_range_asks_for_everything(header: str) -> None:
    assert parse_range(header, 10) is None


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=-0", 10), ("bytes=-1", 0), ("bytes=0-", 0)])
def test_a_range_behind_the_end_is_refused(header: str, size: int) -> None:
    with pytest.raises(NotSatisfiable):
        parse_range(header, size)
