"""How a model's response is stored: Pydantic AI's own JSON without what differs from run to run.

Arguments of tool calls are stored as JSON, not as JSON inside a string, so that a recording can be read and compared.
"""

from typing import Any

from pydantic import TypeAdapter
from pydantic_ai.messages import ModelMessagesTypeAdapter, ModelResponse, ToolCallPart

from repomill.agents._canonical_request import readable_arguments
from repomill.canonical import Json

KEPT = (
    "parts",
    "finish_reason",
    "model_name",
    "usage",
    "provider_name",
    "provider_response_id",
    "provider_details",
    "canonical_system",
)

_RESPONSE = TypeAdapter(ModelResponse)


def dump_response(response: ModelResponse) -> dict[str, Json]:
    """Return the JSON to store; `load_response` gives an equal response in any process."""
    whole: dict[str, Any] = ModelMessagesTypeAdapter.dump_python([response], mode="json")[0]
    stored = {name: whole[name] for name in KEPT if whole.get(name)}
    stored["parts"] = [
        _filled(dumped) | ({"args": readable_arguments(part)} if isinstance(part, ToolCallPart) else {})
        for dumped, part in zip(whole["parts"], response.parts, strict=True)
    ]
    stored["usage"] = {name: value for name, value in whole["usage"].items() if value}
    details = {name: value for name, value in stored.pop("provider_details", {}).items() if name != "timestamp"}
    return stored | ({"provider_details": details} if details else {})


def load_response(stored: Json) -> ModelResponse:
    """Return the response that was stored.

    Raises:
        pydantic.ValidationError: it is not what `dump_response` wrote.
    """
    return _RESPONSE.validate_python({**_mapping(stored), "kind": "response"})


def _filled(part: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in part.items() if value is not None}


def _mapping(stored: Json) -> dict[str, Any]:
    return stored if isinstance(stored, dict) else {}
