"""What a tool is: one declaration, which an agent is shown as name, description and JSON Schema of its arguments."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from repomill.calls.port import Calls
from repomill.canonical import Json
from repomill.plugins import Declaration


class ToolArguments(BaseModel):
    """Base of every tool's arguments: unknown ones are refused, so that the model is told of its mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What a tool may use besides its arguments. `scope` is what the node's expressions see."""

    node_path: str
    scope: Mapping[str, Json]
    calls: Calls
    """For whatever a tool asks outside: the answer is kept, and a resumed agent finds it."""


ArgumentsT = TypeVar("ArgumentsT", bound=ToolArguments)


class Tool(Declaration, Generic[ArgumentsT]):
    """Base of every tool; a subclass in a module of `repomill.tools`, or of a plug-in, is a declaration.

    The class docstring is what the model reads to decide whether to use it.
    """

    name: ClassVar[str]
    """What a specification lists under `tools`, and the model calls it by."""
    version: ClassVar[int]
    """Part of the node key: raise it when equal arguments would give another answer."""
    arguments_model: type[ArgumentsT]

    timeout: ClassVar[float] = 30.0
    """Seconds a call may take."""
    max_calls: ClassVar[int] = 50
    """Calls that one agent run may make."""

    def output_schema(self) -> Mapping[str, Any]:
        """Return the JSON Schema of the answer; `{}` when anything may come."""
        return {}

    @abstractmethod
    async def run(self, arguments: ArgumentsT, context: ToolContext) -> Json:
        """Answer; a `RepomillError` is told to the model as text, which may mend its arguments and ask again."""
