"""The catalogue of errors: each says what, where and how to mend it, and who has to act."""

import pickle
from collections.abc import Iterator
from dataclasses import MISSING, fields
from typing import Any, get_type_hints

import pytest

from repomill import errors
from repomill.errors import (
    BadInput,
    CallUnavailable,
    Cancelled,
    DatabaseUnavailable,
    Fatal,
    InputsInvalid,
    NotFound,
    PlaceUnusable,
    RepomillError,
    Retriable,
    UnsafeTree,
    UserActionRequired,
    WorkflowInvalid,
)

FAMILIES = (Retriable, BadInput, UserActionRequired, Fatal, Cancelled)
BASES = {RepomillError, Retriable, BadInput, UserActionRequired, Fatal, NotFound}
SAMPLES: dict[Any, Any] = {str: "text", int: 7, float: 2.5, tuple[str, ...]: ("one", "two"), tuple[object, ...]: ("f",)}


def subclasses(base: type[RepomillError]) -> Iterator[type[RepomillError]]:
    for inner in base.__subclasses__():
        yield inner
        yield from subclasses(inner)


OURS = {each for each in subclasses(RepomillError) if each.__module__.startswith(f"{errors.__name__}.")}
CATALOGUE = sorted(OURS - BASES, key=str)


def example(kind: type[RepomillError]) -> RepomillError:
    hints = get_type_hints(kind)
    given = {item.name: SAMPLES[hints[item.name]] for item in fields(kind) if item.default is MISSING}
    return kind(**given)


@pytest.mark.parametrize("kind", CATALOGUE)
def test_an_error_has_a_text_with_its_facts(kind: type[RepomillError]) -> None:
    error = example(kind)
    assert "{" not in str(error) + error.advice()
    shown = str(error) + error.advice() + str(error.facts())
    assert all(str(getattr(error, item.name)) in shown for item in fields(error))
    assert str(error) != RepomillError.message


@pytest.mark.parametrize("kind", CATALOGUE)
def test_an_error_belongs_to_one_family(kind: type[RepomillError]) -> None:
    assert len([family for family in FAMILIES if issubclass(kind, family)]) == 1


@pytest.mark.parametrize("kind", CATALOGUE)
def test_an_error_survives_pickling(kind: type[RepomillError]) -> None:
    error = example(kind)
    error.node_path = "page"
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.facts()) == (type(error), str(error), error.facts())
    assert (again.node_path, again.args) == ("page", error.args)


def test_codes_are_unique() -> None:
    codes = [kind.code for kind in CATALOGUE]
    assert sorted(codes) == sorted(set(codes))


@pytest.mark.parametrize(
    "kind", [kind for kind in CATALOGUE if issubclass(kind, (BadInput, UserActionRequired, Retriable))]
)
def test_whoever_can_mend_it_is_told_how(kind: type[RepomillError]) -> None:
    assert example(kind).advice()


@pytest.mark.parametrize(
    ("family", "code"), [(BadInput, 2), (UserActionRequired, 3), (Fatal, 1), (Cancelled, 1), (Retriable, 1)]
)
def test_the_family_decides_the_exit_code(family: type[RepomillError], code: int) -> None:
    assert family.exit_code == code


def test_storage_that_is_down_is_for_a_person_though_a_flow_tries_again() -> None:
    assert DatabaseUnavailable("db", "gone").exit_code == UserActionRequired.exit_code
    assert isinstance(DatabaseUnavailable("db", "gone"), Retriable)


def test_a_retriable_error_says_when() -> None:
    assert CallUnavailable("main", "busy", delay=3.0).delay == 3.0
    assert CallUnavailable("main", "busy").delay == 0.0


def test_lists_of_problems_are_joined() -> None:
    assert str(InputsInvalid("tea", ("/a: one", "/b: two"))).endswith("/a: one; /b: two")
    assert str(UnsafeTree(("../x leaves the tree",))).endswith("../x leaves the tree")
    assert str(WorkflowInvalid("w.yaml", ("1:1 a", "2:2 b"))) == "w.yaml has 2 fault(s).\n  1:1 a\n  2:2 b"


def test_braces_in_a_fact_are_text() -> None:
    assert "{{ inputs.x }}" in str(PlaceUnusable("{{ inputs.x }}", "odd {name}"))
