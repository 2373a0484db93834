"""Recordings: readable files, found by request, broken ones named."""

import json
from pathlib import Path
from typing import Any

import pytest

from repomill.calls.ledger import CallKey, CallKind, CallRequest
from repomill.calls.recordings import Recordings, folder_name
from repomill.canonical import Json, digest
from repomill.errors import RecordingUnreadable

SLASHED: dict[str, Any] = {"a/b~": [1]}


def call(content: str = "hello", ordinal: int = 1, node: str = "plan", **fields: Json) -> CallRequest:
    request: Json = {"model": "m", "messages": [{"role": "user", "content": content}], **fields}
    return CallRequest(CallKey(node, ordinal, digest(request)), CallKind.MODEL, "main", "m", request)


@pytest.fixture
def recordings(tmp_path: Path) -> Recordings:
    return Recordings(tmp_path / "recordings")


def test_a_file_reads_well_and_says_what_it_answers(recordings: Recordings) -> None:
    recordings.save(call("grüße"), {"parts": ["ja"]})
    text = (recordings.folder / "plan" / "1.json").read_text(encoding="utf-8")
    assert json.loads(text) == {
        "format": 1,
        "node": "plan",
        "ordinal": 1,
        "request_digest": call("grüße").key.request_digest,
        "request": call("grüße").request,
        "response": {"parts": ["ja"]},
    }
    assert "grüße" in text
    assert text.startswith('{\n  "format"')
    assert text.endswith("}\n")


def test_a_saved_response_is_found_by_its_request(recordings: Recordings) -> None:
    recordings.save(call(), {"parts": ["hi"]})
    assert recordings.find(call().key) == {"parts": ["hi"]}


@pytest.mark.parametrize("other", [call("hello!"), call(node="review"), call(temperature=0.5)])
def test_another_request_is_not_answered(recordings: Recordings, other: CallRequest) -> None:
    recordings.save(call(), {"parts": []})
    assert recordings.find(other.key) is None


def test_equal_requests_of_a_node_keep_their_own_answers(recordings: Recordings) -> None:
    for ordinal in (1, 2):
        recordings.save(call(ordinal=ordinal), {"parts": [ordinal]})
    assert [recordings.find(call(ordinal=n).key) for n in (1, 2)] == [{"parts": [1]}, {"parts": [2]}]


def test_a_request_that_moved_to_another_ordinal_is_still_found(recordings: Recordings) -> None:
    recordings.save(call(ordinal=4), {"parts": []})
    assert recordings.find(call(ordinal=1).key) == {"parts": []}


def test_a_file_of_another_node_in_the_folder_is_no_answer(recordings: Recordings) -> None:
    recordings.save(call(node="review"), {"parts": []})
    (recordings.folder / "review").rename(recordings.folder / "plan")
    assert recordings.find(call(node="plan").key) is None


def test_recording_again_replaces_the_file_and_leaves_no_draft(recordings: Recordings) -> None:
    recordings.save(call("old"), {"parts": ["old"]})
    recordings.save(call("new"), {"parts": ["new"]})
    assert [path.name for path in recordings.folder.rglob("*") if path.is_file()] == ["1.json"]
    assert recordings.find(call("new").key) == {"parts": ["new"]}


@pytest.mark.parametrize("node", ["loop[3].write", "a/b", "../up", ".", "Über", "PLAN", "a b", "x" * 40])
def test_any_node_path_stays_inside_the_folder(recordings: Recordings, node: str) -> None:
    recordings.save(call(node=node), {"parts": []})
    assert len(list(recordings.folder.glob("*/1.json"))) == 1
    assert recordings.find(call(node=node).key) == {"parts": []}


@pytest.mark.parametrize(("one", "other"), [("a/b", "a_b"), ("Plan", "plan"), ("a b", "a/b"), (".x", "x")])
def test_different_nodes_never_share_a_folder(one: str, other: str) -> None:
    assert folder_name(one).lower() != folder_name(other).lower()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "Invalid JSON"),
        (b"\xff", "Invalid JSON"),
        (b"[]", "Input should be an object"),
        (b'{"format": 2}', "format: Input should be 1"),
        (
            b'{"format": 1, "node": "plan", "ordinal": 1, "request_digest": "x", "request": {}}',
            "response: Field required",
        ),
    ],
)
def test_a_file_that_is_no_recording_is_named(recordings: Recordings, content: bytes, reason: str) -> None:
    recordings.save(call(), {"parts": []})
    path = recordings.folder / "plan" / "2.json"
    path.write_bytes(content)
    with pytest.raises(RecordingUnreadable, match=reason) as caught:
        recordings.find(call().key)
    assert caught.value.path == str(path)


def test_a_request_edited_by_hand_is_not_believed(recordings: Recordings) -> None:
    recordings.save(call(), {"parts": []})
    path = recordings.folder / "plan" / "1.json"
    path.write_text(path.read_text(encoding="utf-8").replace("hello", "hallo"), encoding="utf-8")
    with pytest.raises(RecordingUnreadable, match="request was edited"):
        recordings.find(call().key)


def test_a_folder_in_the_place_of_a_file_is_named(recordings: Recordings) -> None:
    (recordings.folder / "plan" / "1.json").mkdir(parents=True)
    with pytest.raises(RecordingUnreadable, match="Is a directory"):
        recordings.find(call().key)


@pytest.mark.parametrize(
    ("asked", "difference"),
    [
        (call("hello!"), '/messages/0/content: recorded "hello", now "hello!"'),
        (call(temperature=0.5), "/temperature: recorded nothing, now 0.5"),
        (call("hello", **SLASHED), "/a~1b~0: recorded nothing, now [1]"),
    ],
)
def test_a_miss_names_the_fields_that_differ(recordings: Recordings, asked: CallRequest, difference: str) -> None:
    recordings.save(call(), {"parts": []})
    assert recordings.nearest(asked) == f"Against the recording of call 1: {difference}"


def test_long_texts_are_shown_around_the_first_difference(recordings: Recordings) -> None:
    recordings.save(call("a" * 500 + "X" + "b" * 500), {"parts": []})
    sentence = recordings.nearest(call("a" * 500 + "Y" + "b" * 500))
    assert "…aaaa" in sentence
    assert "X" in sentence
    assert "Y" in sentence
    assert len(sentence) < 250


def test_only_a_few_differences_are_listed(recordings: Recordings) -> None:
    many: dict[str, Any] = {f"f{index}": index for index in range(9)}
    recordings.save(call(), {"parts": []})
    assert recordings.nearest(call(**many)).endswith("and 4 more")


def test_the_recording_of_the_same_ordinal_is_compared_first(recordings: Recordings) -> None:
    recordings.save(call("quite another", ordinal=1), {"parts": []})
    recordings.save(call("hello", ordinal=2), {"parts": []})
    assert "recording of call 1" in recordings.nearest(call("hello!", ordinal=1))


def test_without_any_recording_of_the_node_the_folder_is_named(recordings: Recordings) -> None:
    assert recordings.nearest(call()) == f"Nothing is recorded for this node in {recordings.folder}."
