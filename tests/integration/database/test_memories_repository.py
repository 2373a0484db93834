"""Conversations in the database: numbered without gaps, by whoever writes at once; only ever added to."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest

from repomill.errors import AmbiguousReference, MemoryNotFound, NotPermitted
from repomill.memory.port import MemoryScope
from repomill.roles import Role
from storage.database.repositories.memories import MemoryOwner, NewTurn
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from storage.database.work import Work
from tests.fakes.stored_rows import fake_digest

TEA = MemoryOwner(MemoryScope.FREE, "", "tea")


@pytest.fixture
def work(database: Database) -> Iterator[Work]:
    with database.transaction(DEFAULT_SCOPE) as opened:
        yield opened


def turn(text: str = "a", root: UUID | None = None, summarises: int | None = None) -> NewTurn:
    return NewTurn(root or uuid4(), "talk", fake_digest(text), f"org/1/memories/{text}", 10, summarises)


def append(work: Work, new: NewTurn) -> int:
    return work.memories.append(work.memories.get_or_create(TEA), new).number


def shown(work: Work) -> list[tuple[int, int | None]]:
    return [(row.number, row.summarises) for row in work.memories.shown(work.memories.resolve("tea").id)]


def test_turns_of_many_writers_have_numbers_of_their_own(database: Database) -> None:
    def write(_: int) -> int:
        with database.transaction(DEFAULT_SCOPE) as work:
            return append(work, turn())

    with ThreadPoolExecutor(4) as threads:
        numbers = list(threads.map(write, range(12)))
    assert sorted(numbers) == list(range(1, 13))


def test_of_a_node_that_says_something_else_only_the_last_is_shown(work: Work) -> None:
    root = uuid4()
    numbers = [append(work, turn(text, root)) for text in ("a", "a", "b")]
    append(work, turn("c"))
    assert numbers == [1, 1, 2]
    assert shown(work) == [(2, None), (3, None)]


def test_a_summary_stands_for_what_it_sums_up(work: Work) -> None:
    for text in ("a", "b", "c"):
        append(work, turn(text))
    append(work, turn("short", summarises=2))
    assert shown(work) == [(4, 2), (3, None)]
    assert len(work.memories.turns(work.memories.resolve("tea").id)) == 4


def test_a_summary_of_what_was_forgotten_meanwhile_hides_nothing_that_is_said_after_it(work: Work) -> None:
    append(work, turn("short", summarises=7))
    append(work, turn("new"))
    assert shown(work) == [(1, 0), (2, None)]


def test_a_conversation_is_named_by_key_id_or_prefix(work: Work) -> None:
    memory = work.memories.get_or_create(TEA)
    assert {work.memories.resolve(name).id for name in ("tea", str(memory.id), str(memory.id)[:8])} == {memory.id}
    work.memories.get_or_create(MemoryOwner(MemoryScope.PROJECT, "p", "tea"))
    with pytest.raises(AmbiguousReference):
        work.memories.resolve("tea")
    with pytest.raises(MemoryNotFound):
        work.memories.resolve("coffee")


def test_who_may_not_run_anything_may_not_make_anybody_forget(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        append(work, turn())
        viewer = work.users.add("vi", role=Role.VIEWER).id
    with database.transaction(DEFAULT_SCOPE.acting_as(viewer)) as work, pytest.raises(NotPermitted):
        work.memories.delete(work.memories.resolve("tea"))
