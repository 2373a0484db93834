"""What a tool is: one declaration, which an agent is shown as name, description and JSON Schema of its arguments."""

from abc import abstractmethod
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from inspect import getdoc
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from repomill.agents.functions import Function
from repomill.calls.port import Calls
from repomill.canonical import Json
from repomill.errors import ToolArgumentsInvalid
from repomill.nodes.ports import NO_HTTP, NO_NODE_FILES, NO_SOURCES, HttpApis, NodeFiles, Sources
from repomill.plugins import Declaration
from repomill.sources import SourceKind
from repomill.tools.scratch_tree import ScratchTree


class ToolArguments(BaseModel):
    """Base of every tool's arguments: unknown ones are refused, so that the model is told of its mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ToolSettings(BaseModel):
    """Base of what a specification may say of a tool, in `tools: [{NAME: {…}}]`; this one takes nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What a tool may use besides its arguments. `scope` is what the node's expressions see."""

    node_path: str
    scope: Mapping[str, Json]
    calls: Calls
    """For whatever a tool asks outside: the answer is kept, and a resumed agent finds it."""
    http: HttpApis = NO_HTTP
    node_files: NodeFiles = NO_NODE_FILES
    sources: Sources = NO_SOURCES
    max_file_size: int = 10 * 1024 * 1024


SettingsT = TypeVar("SettingsT", bound=ToolSettings)
ArgumentsT = TypeVar("ArgumentsT", bound=ToolArguments)


@dataclass(frozen=True, slots=True)
class Opened:
    """The functions that a set of tools gives to one agent run, and the tree in which some of them write."""

    functions: tuple[Function, ...]
    tree: ScratchTree | None = None


class Toolset(Declaration, Generic[SettingsT]):
    """Base of what a specification lists under `tools`: one function or several, made from settings.

    A subclass in a module of `repomill.tools`, or of a plug-in, is a declaration.
    """

    version: ClassVar[int]
    """Part of the node key: raise it when equal arguments would give another answer."""
    settings_model: type[SettingsT]

    writes_files: ClassVar[bool] = False
    """Whether agents write files with it."""
    source_kinds: ClassVar[frozenset[SourceKind]] = frozenset()
    """What the sources named by `sources` may speak."""
    asks_models: ClassVar[bool] = False
    """Whether its functions make calls that cost money: nobody can tell before the run what such an agent costs."""

    def sources(self, settings: SettingsT) -> tuple[str, ...]:
        """Return the names under the workflow's `sources` that it uses."""
        return ()

    def upstream(self, settings: SettingsT) -> tuple[str, ...]:
        """Return the ids of the nodes whose files it shows."""
        return ()

    @abstractmethod
    async def open(self, settings: SettingsT, context: ToolContext, stack: AsyncExitStack) -> Opened:
        """Return what one agent run gets; what has to be closed after it goes on the stack."""


class Tool(Toolset[ToolSettings], Generic[ArgumentsT]):
    """Base of every tool that is one function without settings.

    The class docstring is what the model reads to decide whether to use it.
    """

    name: ClassVar[str]
    """What a specification lists under `tools`, and the model calls it by."""
    version: ClassVar[int]
    """Part of the node key: raise it when equal arguments would give another answer."""
    required: ClassVar[tuple[str, ...]] = ("arguments_model",)
    settings_model = ToolSettings
    arguments_model: type[ArgumentsT]

    timeout: ClassVar[float] = 30.0
    """Seconds a call may take."""
    max_calls: ClassVar[int] = 50
    """Calls that one agent run may make."""

    def output_schema(self) -> Mapping[str, Any]:
        """Return the JSON Schema of the answer; `{}` when anything may come."""
        return {}

    async def open(self, settings: ToolSettings, context: ToolContext, stack: AsyncExitStack) -> Opened:
        """Return the one function."""

        async def run(arguments: Mapping[str, Any], calls: Calls) -> Json:
            return await self.run(validated(self.arguments_model, arguments), replace(context, calls=calls))

        return Opened(
            (
                Function(
                    name=self.name,
                    description=getdoc(type(self)) or "",
                    parameters=self.arguments_model.model_json_schema(),
                    run=run,
                    version=f"{self.version} {self.package}".strip(),
                    output=self.output_schema(),
                    timeout=self.timeout,
                    max_calls=self.max_calls,
                ),
            )
        )

    @abstractmethod
    async def run(self, arguments: ArgumentsT, context: ToolContext) -> Json:
        """Answer; a `RepomillError` is told to the model as text, which may mend its arguments and ask again."""


ModelT = TypeVar("ModelT", bound=BaseModel)


def validated(model: type[ModelT], arguments: Mapping[str, Any]) -> ModelT:
    """Return arguments as their model has them; raises `ToolArgumentsInvalid`, which names each place."""
    try:
        return model.model_validate(arguments)
    except ValidationError as error:
        faults = (f"{'/'.join(map(str, each['loc'])) or 'arguments'}: {each['msg']}" for each in error.errors())
        raise ToolArgumentsInvalid(tuple(faults)) from error
