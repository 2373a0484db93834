"""The conformance kit finds what is wrong with a tool: each below breaks one rule."""

import asyncio
import logging
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import Field

from repomill.canonical import Json
from repomill.errors import SourceMissing
from repomill.testing import NotConforming, tool_conformance
from repomill.tools.base import Tool, ToolArguments, ToolContext


class Words(ToolArguments):
    """Arguments of the tools below."""

    text: Annotated[str, Field(description="What is said.")]


class Good(Tool[Words]):
    """Says what it is told."""

    name: ClassVar[str] = "good"
    version: ClassVar[int] = 1
    arguments_model = Words

    async def run(self, arguments: Words, context: ToolContext) -> Json:
        await asyncio.sleep(0)
        return arguments.text


class Translator(Good):
    """Turns a cancel into an error of its own making."""

    async def run(self, arguments: Words, context: ToolContext) -> Json:
        try:
            await asyncio.sleep(0.1)
        except asyncio.CancelledError:
            raise ValueError("stopped") from None
        return ""


class Leaky(Good):
    """Names its key in an error, which the model reads."""

    async def run(self, arguments: Words, context: ToolContext) -> Json:
        raise SourceMissing("main", "key-1234")


class Chatty(Good):
    """Logs its key."""

    async def run(self, arguments: Words, context: ToolContext) -> Json:
        logging.getLogger("plugin").debug("key-1234")
        return ""


class Telling(Good):
    """Answers with its key."""

    async def run(self, arguments: Words, context: ToolContext) -> Json:
        return {"key": "key-1234"}


def checks(tool: Tool[Any]) -> dict[str, Any]:
    return {str(check): check for check in tool_conformance(tool, {"text": "hello"}, secrets=("key-1234",))}


@pytest.mark.parametrize("check", checks(Good()).values(), ids=str)
def test_a_good_tool_passes(check: Any) -> None:
    check()


@pytest.mark.parametrize(
    ("tool", "rule"),
    [
        (Translator, "a cancelled call ends"),
        (Translator, "a call out of time ends"),
        (Leaky, "secrets stay inside"),
        (Chatty, "secrets stay inside"),
        (Telling, "secrets stay inside"),
    ],
)
def test_a_tool_that_breaks_a_rule_is_told_which(tool: type[Good], rule: str) -> None:
    with pytest.raises(NotConforming):
        checks(tool())[f"example 1: {rule}"]()
