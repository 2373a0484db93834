"""The canonical request: equal for equal questions, whatever the process, and different for different ones."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic_ai.messages import (
    BinaryContent,
    ImageUrl,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    RetryFeedbackPart,
    RetryInfo,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from repomill.agents._canonical_request import canonical_request, left_out
from repomill.agents.request import AgentRequest
from repomill.canonical import Json, canonical_json, digest

ASKED = AgentRequest("plan", "main", "Plan it.", 100, system_prompt="Be brief.")


def conversation(call_id: str = "call_x", arguments: str = '{"b": 1, "a": [2]}', age: int = 0) -> list[ModelMessage]:
    when = datetime(2026, 1, 1, 0, 0, age, tzinfo=UTC)
    return [
        ModelRequest(parts=[SystemPromptPart("Be brief.", timestamp=when), UserPromptPart("Plan it.", timestamp=when)]),
        ModelResponse(parts=[ToolCallPart("answer", arguments, call_id)], timestamp=when, run_id=f"run-{age}"),
        ModelRequest(
            parts=[
                ToolReturnPart(
                    "answer", "a is wrong", call_id, timestamp=when, outcome="retried", retry=RetryInfo("model_retry")
                )
            ]
        ),
    ]


def form(messages: list[ModelMessage], asked: AgentRequest = ASKED, model: str = "m", schema: Json = None) -> Json:
    return canonical_request(asked, model, schema, messages)


def test_it_holds_what_the_answer_depends_on() -> None:
    assert form(conversation(), schema={"type": "object"}) == {
        "format": 1,
        "model": "m",
        "max_tokens": 100,
        "output": {"type": "json", "schema": {"type": "object"}},
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Plan it."},
            {
                "role": "assistant",
                "content": [{"type": "tool_call", "name": "answer", "id": "call_1", "arguments": {"a": [2], "b": 1}}],
            },
            {"role": "tool", "name": "answer", "id": "call_1", "content": "a is wrong"},
        ],
    }


@pytest.mark.parametrize(
    "other",
    [conversation(call_id="call_y"), conversation(arguments='{"a":[2],"b":1}'), conversation(age=5)],
    ids=["tool call ids", "spelling of arguments", "times and run ids"],
)
def test_what_differs_from_run_to_run_is_left_out(other: list[ModelMessage]) -> None:
    assert digest(form(other)) == digest(form(conversation()))


@pytest.mark.parametrize(
    "other",
    [
        form(conversation(), model="n"),
        form(conversation(), replace(ASKED, max_tokens=101)),
        form(conversation(), replace(ASKED, temperature=0.0)),
        form(conversation(), schema={"type": "object"}),
        form(conversation()[:1]),
        form(conversation(arguments='{"b": 2}')),
        form([ModelRequest(parts=[UserPromptPart("Plan it. ")])]),
    ],
)
def test_any_other_question_has_another_digest(other: Json) -> None:
    assert digest(other) != digest(form(conversation()))


def test_feedback_the_library_words_counts_by_its_cause_only() -> None:
    def asked(content: str) -> Json:
        part = RetryFeedbackPart(content, retry=RetryInfo("no_output"))
        return form([ModelRequest(parts=[part])])

    assert asked("Please answer.") == asked("Kindly answer.")


def test_text_and_thinking_of_the_model_are_part_of_the_conversation() -> None:
    messages = form([ModelResponse(parts=[ThinkingPart("hm"), TextPart("yes")])])
    assert isinstance(messages, dict)
    assert messages["messages"] == [
        {"role": "assistant", "content": [{"type": "thinking"}, {"type": "text", "text": "yes"}]}
    ]


def test_thoughts_are_no_part_of_the_form_and_counted_as_they_are_sent() -> None:
    short, long = (ModelResponse(parts=[ThinkingPart("hm" * times, signature="s")]) for times in (1, 1000))
    assert form([short]) == form([long])
    assert left_out([long]) - left_out([short]) == 2 * 999
    assert left_out([ModelResponse(parts=[TextPart("said")])]) == 0
    signed = TextPart("said", provider_name="google", provider_details={"thought_signature": "x" * 500})
    assert left_out([ModelResponse(parts=[signed])]) > 500


@pytest.mark.parametrize("arguments", ['{"a": NaN}', '{"a": 12345678901234567890}', '{"a": "\\ud800"}', "{bad", "[1]"])
def test_arguments_that_are_no_plain_json_object_stay_as_the_model_wrote_them(arguments: str) -> None:
    written = json.dumps(form(conversation(arguments=arguments)))
    assert json.dumps(arguments) in written


def test_a_part_without_a_canonical_form_is_not_silently_dropped() -> None:
    with pytest.raises(NotImplementedError, match=r"x\.test"):
        form([ModelRequest(parts=[UserPromptPart([ImageUrl("https://x.test/a.png")])])])


@pytest.mark.parametrize("media_type", ["image/png", "application/pdf"])
def test_an_image_or_a_document_counts_by_its_digest(media_type: str) -> None:
    def shown(content: bytes) -> Json:
        return form([ModelRequest(parts=[UserPromptPart(["Look.", BinaryContent(content, media_type=media_type)])])])

    assert shown(b"one") == shown(b"one") != shown(b"two")
    assert b"one" not in canonical_json(shown(b"one"))


@pytest.mark.parametrize(
    ("one", "other"),
    [({"thinking": "low"}, {"thinking": "high"}), ({"options": {"top_k": 1}}, {"options": {"top_k": 2}})],
)
def test_settings_count_by_their_values(one: dict[str, Any], other: dict[str, Any]) -> None:
    forms = [form([], replace(ASKED, **each)) for each in (one, other, {})]
    assert len({digest(each) for each in forms}) == 3


def test_the_digest_is_the_same_in_another_process_with_other_hash_seeds() -> None:
    program = (
        "from tests.unit.agents.test_canonical_request import *\n"
        "print(digest(form(conversation(), schema={'b': 1, 'a': 2})))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert found == {digest(form(conversation(), schema={"a": 2, "b": 1}))}
