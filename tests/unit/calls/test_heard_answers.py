"""Pieces of an answer: joined by time and size, in order, and masked also where a secret is split."""

from collections.abc import Sequence
from itertools import count, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from repomill.calls.heard import CHARACTERS, SECONDS, Batches, Chunk, ChunkKind
from repomill.masking import Masker

SECRET = "sk-sentinel-123"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def batches(clock: Clock | None = None, secrets: Sequence[str] = (SECRET,)) -> tuple[Batches, list[Chunk]]:
    told: list[Chunk] = []
    return Batches(Masker([SecretStr(each) for each in secrets]), told.append, clock or Clock()), told


def text(value: str, part: int = 0) -> Chunk:
    return Chunk(ChunkKind.TEXT, part, value)


def test_the_first_piece_is_told_at_once_and_what_follows_soon_is_joined() -> None:
    clock = Clock()
    listener, told = batches(clock)
    for word in ("one ", "two ", "three "):
        listener(text(word))
    assert [chunk.text for chunk in told] == ["one "]
    clock.now = SECONDS
    listener(text("four"))
    assert [chunk.text for chunk in told] == ["one ", "two three four"]


def test_a_long_piece_does_not_wait() -> None:
    listener, told = batches()
    listener(text("a"))
    listener(text("b" * CHARACTERS))
    assert len(told) == 2


def test_parts_are_told_apart_and_the_name_of_a_tool_once() -> None:
    listener, told = batches()
    listener(text("Look: "))
    listener(Chunk(ChunkKind.TOOL, 1, '{"pa', "read"))
    listener(Chunk(ChunkKind.TOOL, 1, 'th": 1}'))
    listener.close()
    assert [(chunk.part, chunk.text, chunk.tool) for chunk in told] == [
        (0, "Look: ", ""),
        (1, '{"path": 1}', "read"),
    ]


@pytest.mark.parametrize("cut", range(1, len(SECRET)))
def test_a_secret_split_over_two_pieces_is_masked(cut: int) -> None:
    clock = Clock()
    listener, told = batches(clock)
    listener(text("key " + SECRET[:cut]))
    clock.now += 1
    listener(text(SECRET[cut:] + " end"))
    listener.close()
    assert "".join(chunk.text for chunk in told) == "key *** end"


def test_the_beginning_of_a_secret_that_does_not_follow_is_told_in_the_end() -> None:
    listener, told = batches()
    listener(text("it is sk-sent"))
    listener.close()
    assert "".join(chunk.text for chunk in told) == "it is sk-sent"


@given(st.lists(st.sampled_from(["a", "s", "k", "-", SECRET, SECRET[:5], SECRET[5:], "\n"]), max_size=20), st.data())
def test_however_it_is_split_what_is_told_is_the_masked_whole(parts: list[str], data: st.DataObject) -> None:
    whole = "".join(parts)
    cuts = sorted({0, len(whole), *data.draw(st.lists(st.integers(0, len(whole)), max_size=8))})
    clock = Clock()
    listener, told = batches(clock)
    for start, end in pairwise(cuts):
        clock.now += 1
        listener(text(whole[start:end]))
    listener.close()
    assert "".join(chunk.text for chunk in told) == whole.replace(SECRET, "***")


def said(told: Sequence[Chunk], part: int = 0) -> str:
    return "".join(chunk.text for chunk in told if chunk.part == part)


def test_a_secret_waits_while_a_longer_one_may_still_follow() -> None:
    listener, told = batches(secrets=("tea-secret-123", "tea-secret-123-EXTENDED"))
    listener(text("x tea-secret-123"))
    listener(text("-EXTENDED y"))
    listener.close()
    assert said(told) == "x *** y"


def test_what_may_begin_a_secret_waits_also_while_other_parts_come() -> None:
    listener, told = batches(secrets=("sentinel-secret-9",))
    for part, piece in ((0, "sentinel-"), (1, "x"), (0, "secret-9")):
        listener(text(piece, part))
    assert said(told, 1) == "x"
    listener.close()
    assert (said(told), said(told, 1)) == ("***", "x")


LETTERS = "ab"
SECRETS = st.lists(st.text(LETTERS, min_size=6, max_size=12), min_size=1, max_size=4)


@given(SECRETS, st.data())
def test_no_secret_is_ever_told_however_parts_are_split_and_mixed(random: list[str], data: st.DataObject) -> None:
    """Secrets begin, continue and overlap each other; parts are told as if each had come whole."""
    longer = [each + data.draw(st.text(LETTERS, max_size=4)) for each in random]
    secrets = [*random, *longer, *(each[2:] + each[:4] for each in random)]
    text_of_part = st.lists(st.text("abc", max_size=4) | st.sampled_from(secrets), max_size=5).map("".join)
    wholes = data.draw(st.lists(text_of_part, min_size=1, max_size=3))
    left = [data.draw(split(whole)) for whole in wholes]
    listener, told = batches(secrets=secrets)
    listener.clock = map(float, count()).__next__ if data.draw(st.booleans()) else Clock()
    for part in data.draw(st.permutations([part for part, pieces in enumerate(left) for _ in pieces])):
        listener(text(left[part].pop(0), part))
    listener.close()
    for part, whole in enumerate(wholes):
        assert said(told, part) == listener.masker.text(whole)
        assert not any(secret in said(told, part) for secret in secrets)


def split(whole: str) -> st.SearchStrategy[list[str]]:
    """Draw pieces of a text, in order."""
    cuts = st.lists(st.integers(0, len(whole)), max_size=6)
    return cuts.map(lambda drawn: [whole[start:end] for start, end in pairwise(sorted({0, len(whole), *drawn}))])


def test_text_that_is_held_back_for_long_is_not_looked_at_for_each_piece() -> None:
    """A secret that overlaps itself, and an answer of nothing but its character."""
    looks: list[int] = []

    class Counting(Masker):
        def settled(self, text: str) -> int:
            looks.append(len(text))
            return super().settled(text)

    told: list[Chunk] = []
    listener = Batches(Counting([SecretStr("--------")]), told.append, Clock())
    for _ in range(5_000):
        listener(text("----"))
    listener.close()
    assert len(looks) <= 5_000 * 4 // CHARACTERS + 1
    assert "".join(chunk.text for chunk in told) == "***"
