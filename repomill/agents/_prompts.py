"""The prompt of an agent run as Pydantic AI takes it, and the settings that go with it."""

from typing import Any, cast

from pydantic_ai.messages import BinaryContent, UserContent
from pydantic_ai.settings import ModelSettings

from repomill.agents.attachments import Attachment
from repomill.agents.pdf import PDF
from repomill.agents.request import AgentRequest


def prompt_of(request: AgentRequest) -> "str | list[UserContent]":
    """Return the prompt, with what is attached after it."""
    if not request.attachments:
        return request.prompt
    contents: list[UserContent] = [request.prompt]
    for each in request.attachments:
        contents += _shown(each)
    return contents


def settings_of(request: AgentRequest) -> ModelSettings:
    """Return what the request says besides its messages."""
    settings: dict[str, Any] = {"max_tokens": request.max_tokens, **request.options}
    if request.temperature is not None:
        settings["temperature"] = request.temperature
    if request.thinking:
        settings["thinking"] = False if request.thinking == "none" else request.thinking
    return cast("ModelSettings", settings)


def _shown(each: Attachment) -> "list[UserContent]":
    if not each.media_type:
        return [f"The file {each.path}:\n{each.content.decode()}"]
    kind = "document" if each.media_type == PDF else "image"
    return [f"The {kind} {each.path}:", BinaryContent(each.content, media_type=each.media_type)]
