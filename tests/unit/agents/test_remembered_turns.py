"""Turns of conversations: there and back through the library's messages, and only ever whole."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic_ai.messages import (
    BinaryContent,
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

from repomill.agents._history import history, turn_of
from repomill.memory.turns import Turn, newest

MESSAGES: list[ModelMessage] = [
    ModelRequest(parts=[SystemPromptPart("Be brief."), UserPromptPart("How many teas?")]),
    ModelResponse(parts=[ThinkingPart("Let me look."), ToolCallPart("count", {"what": "teas"}, "x1")]),
    ModelRequest(parts=[ToolReturnPart("count", "7", "x1")]),
    ModelResponse(parts=[ToolCallPart("answer", {"n": 70}, "x2")]),
    ModelRequest(parts=[ToolReturnPart("answer", "mend it", "x2")]),
    ModelResponse(parts=[ToolCallPart("answer", {"n": 7}, "x3")]),
    ModelRequest(parts=[ToolReturnPart("answer", "Final result processed.", "x3")]),
]
TURN = turn_of(MESSAGES, "answer")


def parts(messages: list[ModelMessage]) -> list[Any]:
    return [part for message in messages for part in message.parts]


def test_a_turn_is_what_was_asked_looked_up_and_answered_in_the_end() -> None:
    assert [message["role"] for message in TURN.messages] == ["user", "assistant", "tool", "assistant"]
    assert TURN.messages[-1]["content"] == [{"type": "text", "text": '{"n": 7}'}]


def test_an_answer_that_was_sent_back_is_not_remembered_nor_what_was_said_of_it() -> None:
    said = turn_of(
        [
            ModelRequest(parts=[UserPromptPart("How many teas?")]),
            ModelResponse(parts=[TextPart("Seven, I think.")]),
            ModelRequest(parts=[RetryFeedbackPart("Use the tool.", retry=RetryInfo("no_output"))]),
            ModelResponse(parts=[ToolCallPart("answer", {"n": 7}, "x1")]),
        ],
        "answer",
    )
    assert [message["role"] for message in said.messages] == ["user", "assistant"]
    assert said.messages[-1]["content"] == [{"type": "text", "text": '{"n": 7}'}]


def test_sides_take_turns_also_where_calls_of_tools_are_left_out() -> None:
    looked_up = turn_of(
        [
            ModelRequest(parts=[UserPromptPart("How many teas?")]),
            ModelResponse(parts=[TextPart("Let me look."), ToolCallPart("count", {"what": "teas"}, "x1")]),
            ModelRequest(parts=[ToolReturnPart("count", "7", "x1")]),
            ModelResponse(parts=[TextPart("Seven.")]),
        ],
        "answer",
    )
    shown = history([looked_up, looked_up], "", with_tools=False)
    assert [type(message) for message in shown] == [ModelRequest, ModelResponse] * 2
    assert [part.content for part in parts(shown)] == ["How many teas?", "Let me look.", "Seven."] * 2


def test_the_present_system_prompt_stands_before_what_was_said() -> None:
    [system, *_] = parts(history([TURN], "Be kind.", with_tools=True))
    assert system.content == "Be kind."
    assert history([], "Be kind.", with_tools=True) == []


def test_every_call_of_a_tool_is_shown_with_its_answer_and_under_one_id() -> None:
    shown = parts(history([TURN, TURN], "", with_tools=True))
    called = [part.tool_call_id for part in shown if isinstance(part, ToolCallPart)]
    assert called == [part.tool_call_id for part in shown if isinstance(part, ToolReturnPart)]
    assert len(set(called)) == 2


def test_an_agent_without_tools_is_shown_no_calls() -> None:
    shown = parts(history([TURN], "", with_tools=False))
    assert [type(part) for part in shown] == [UserPromptPart, TextPart]


def test_answers_of_calls_made_at_once_stay_in_one_message() -> None:
    calls = [{"type": "tool_call", "name": "look", "id": f"call_{n}", "arguments": {}} for n in (1, 2)]
    answers = [{"role": "tool", "name": "look", "id": f"call_{n}", "content": "seen"} for n in (1, 2)]
    turn = Turn(({"role": "user", "content": "Look."}, {"role": "assistant", "content": calls}, *answers))
    assert [len(message.parts) for message in history([turn], "", with_tools=True)] == [1, 2, 2]


def test_a_turn_is_the_same_when_it_was_stored() -> None:
    again = Turn.of(TURN.document, 3)
    assert (again.messages, again.digest, again.tokens) == (TURN.messages, TURN.digest, TURN.tokens)


@given(st.lists(st.integers(1, 50)), st.integers(0, 300))
def test_as_many_of_the_newest_turns_are_kept_as_fit(tokens: list[int], bound: int) -> None:
    count = newest(tokens, bound)
    assert sum(tokens[len(tokens) - count :]) <= bound
    assert count == len(tokens) or sum(tokens[len(tokens) - count - 1 :]) > bound


def test_an_image_that_was_attached_is_named_in_the_conversation_not_kept() -> None:
    image = BinaryContent(b"1", media_type="image/png")
    asked = ModelRequest(parts=[UserPromptPart(["What is it?", "The image a.png:", image])])
    turn = turn_of([asked, ModelResponse(parts=[TextPart("Tea.")])], "answer")
    assert turn.messages[0] == {"role": "user", "content": "What is it?\nThe image a.png:\n[a file, image/png]"}
