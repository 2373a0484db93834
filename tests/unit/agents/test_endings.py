"""Only what ended by itself is an answer, in whatever words the provider says so."""

from contextlib import nullcontext
from typing import Any

import pytest
from pydantic_ai.messages import FinishReason, ModelResponse, TextPart, ThinkingPart

from repomill.agents._endings import refuse_when_cut
from repomill.errors import AnswerCut, AnswerRefused

WHOLE = nullcontext()
CUT = pytest.raises(AnswerCut)


def response(reason: FinishReason | None, said: str | None, text: str = "half") -> ModelResponse:
    details = None if said is None else {"finish_reason": said}
    return ModelResponse([TextPart(text)] if text else [], finish_reason=reason, provider_details=details)


@pytest.mark.parametrize(
    ("reason", "said", "outcome"),
    [
        ("stop", "stop", WHOLE),
        ("tool_call", "tool_calls", WHOLE),
        ("stop", None, WHOLE),
        (None, None, WHOLE),
        (None, "eos_token", WHOLE),
        (None, "STOP", WHOLE),
        (None, "TOOL_CALLS", WHOLE),
        (None, "FINISH_REASON_UNSPECIFIED", WHOLE),
        ("error", "MALFORMED_FUNCTION_CALL", CUT),
        ("error", None, CUT),
        ("length", None, CUT),
        (None, "OTHER", CUT),
        (None, "abort", CUT),
        ("content_filter", "SAFETY", pytest.raises(AnswerRefused)),
    ],
)
def test_half_an_answer_is_refused_by_what_is_said_of_its_end(
    reason: FinishReason | None, said: str | None, outcome: Any
) -> None:
    with outcome:
        refuse_when_cut("plan", response(reason, said), 500)


def test_nothing_at_all_is_left_to_be_mended() -> None:
    empty = response("error", "MALFORMED_FUNCTION_CALL", text="")
    refuse_when_cut("plan", empty, 500)
    empty.parts = [ThinkingPart("hm"), TextPart("")]
    refuse_when_cut("plan", empty, 500)
