"""Canonical JSON: one spelling for equal values."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repomill.canonical import as_canonical, canonical_json, digest, digest_bytes

NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_canonical_text_reads_back_as_the_same_value(value: object) -> None:
    assert json.loads(canonical_json(value), parse_int=float) == value


@given(st.dictionaries(TEXT, NUMBERS, max_size=6))
def test_the_order_of_keys_does_not_matter(value: dict[str, object]) -> None:
    assert digest(dict(reversed(value.items()))) == digest(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None]}, '{"a":[true,null],"b":1}'),
        ({"€": 1, "\r": 2, "1": 3}, '{"\\r":2,"1":3,"€":1}'),
        ([1.0, 1e21, 1e-7, 0.1, -0.0], "[1,1e+21,1e-7,0.1,0]"),
        ('\u0007"\\/é', '"\\u0007\\"\\\\/é"'),
    ],
)
def test_values_are_spelled_as_rfc_8785_says(value: object, text: str) -> None:
    assert canonical_json(value) == text.encode()


def test_one_and_one_point_zero_are_one_number() -> None:
    assert digest({"n": 1}) == digest({"n": 1.0})
    assert digest({"n": 1}) != digest({"n": "1"})
    assert digest({"n": 1}) != digest({"n": True})


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), float("inf"), 2**60, b"bytes", {"a": object()}, "\ud800"])
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        canonical_json(value)


def test_a_refusal_says_where_the_value_stands() -> None:
    with pytest.raises(ValueError, match=r"^/a/1/b~1c: 1152921504606846976 is beyond the integers"):
        canonical_json({"a": [1, {"b/c": 2**60}]})
    with pytest.raises(ValueError, match=r"^/0: JSON has no infinity"):
        canonical_json([float("nan")])
    with pytest.raises(ValueError, match=r"^9007199254740992 is beyond"):
        canonical_json(2**53)


def test_integers_that_would_lose_digits_become_text() -> None:
    kept = {"a": [2**53 - 1, 1 - 2**53, True, 1e300], "b": (None, "x")}
    assert as_canonical(kept) == {"a": [2**53 - 1, 1 - 2**53, True, 1e300], "b": [None, "x"]}
    assert as_canonical({"a": [2**53, -(2**53)]}) == {"a": ["9007199254740992", "-9007199254740992"]}


def test_a_digest_names_its_function() -> None:
    assert digest_bytes(b"tea") == "sha256:" + hashlib.sha256(b"tea").hexdigest()
    assert digest("tea") == digest_bytes(b'"tea"')
