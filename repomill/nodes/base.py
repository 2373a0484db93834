"""What a node kind is: one declaration from which registry, Prefect task, schema, docs and tests follow."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar, cast

from pydantic import BaseModel, ConfigDict

from repomill.calls.port import Calls
from repomill.calls.spending import NOTHING, Spending
from repomill.canonical import Json
from repomill.databases.port import Databases
from repomill.input_files.port import InputFiles
from repomill.memory.port import Conversation, MemoryUse
from repomill.nodes.ports import (
    NO_BODY,
    NO_CALLS,
    NO_CONVERSATION,
    NO_DATABASES,
    NO_HTTP,
    NO_INPUT_FILES,
    NO_NODE_FILES,
    NO_SOURCES,
    Agents,
    Body,
    HttpApis,
    NodeFiles,
    Sources,
    Templates,
)
from repomill.plugins import Declaration
from repomill.publishing.exports import Exports
from repomill.sources import SourceKind
from repomill.trees.scaffolds.source import CopierSource
from repomill.trees.tree import File


class Idempotency(StrEnum):
    """What happens when a node runs twice."""

    PURE = "pure"
    """The same configuration gives the same result; nothing outside is asked."""
    RECORDED = "recorded"
    """The outside is asked through the call ledger; a second run takes the recorded answers."""
    EFFECT = "effect"
    """Something outside changes; each step first finds out whether it already happened."""


class Raw:
    """Marks a configuration field whose strings are taken as they are, not rendered as expressions.

    Use it as `Annotated[dict[str, Any], Raw()]`.
    """


class Deferred(Raw):
    """Marks a field whose expressions the runner evaluates itself, as often as it likes, with more names in scope.

    Use it as `Annotated[Any, Deferred("state", "output")]`; the kind's `body_names` may be used in it too.
    """

    def __init__(self, *names: str) -> None:
        self.names = names


class NodeConfig(BaseModel):
    """Base of every kind's configuration: unknown keys are faults, numbers may stand where text is asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


@dataclass(frozen=True, slots=True)
class NodeResult:
    """What a node hands on: `output` to expressions (`nodes.ID.output`), `files` to the tree.

    `files` are taken once, one at a time and in another thread: a tuple of `TreeFile`, or for large trees an iterator
    that makes each when it is asked for; what it raises is the node's error.
    """

    output: Json = None
    files: Iterable[File] = ()
    branches: tuple[str, ...] | None = None
    """The branches that were chosen, of a kind that has any; None takes every edge."""
    lists_files: bool = False
    """Whether `output`, an object, is to name the paths under `files` once they are known."""

    def output_with(self, paths: Iterable[str]) -> Json:
        """Return the output of a node that wrote these paths."""
        return {"files": list(paths), **cast("dict[str, Json]", self.output)} if self.lists_files else self.output


@dataclass(frozen=True, slots=True)
class NodeContext:
    """What a runner may use besides its configuration.

    `scope` is the plain data that expressions see: `inputs`, `variables`, `nodes`.
    """

    path: str
    scope: Mapping[str, Json]
    agents: Agents
    templates: Templates
    exports: Exports
    max_file_size: int
    body: Body = NO_BODY
    calls: Calls = NO_CALLS
    sources: Sources = NO_SOURCES
    databases: Databases = NO_DATABASES
    input_files: InputFiles = NO_INPUT_FILES
    http: HttpApis = NO_HTTP
    node_files: NodeFiles = NO_NODE_FILES
    conversation: Conversation = NO_CONVERSATION


ConfigT = TypeVar("ConfigT", bound=NodeConfig)


class NodeKind(Declaration, Generic[ConfigT]):
    """Base of every node kind; a subclass in a module of `repomill.nodes`, or of a plug-in, is a declaration.

    The class docstring is the kind's description in the docs. `version` is part of the node key: raise it when the
    same configuration would give another result.
    """

    name: ClassVar[str]
    """The value of `type` in a specification."""
    version: ClassVar[int]
    idempotency: ClassVar[Idempotency]
    config_model: type[ConfigT]

    publishes: ClassVar[bool] = False
    """True for kinds that need the finished tree; they run after every node that may write files."""

    source_kinds: ClassVar[frozenset[SourceKind]] = frozenset()
    """What the sources named by `sources` may speak; validation refuses others."""

    body_key: ClassVar[str] = ""
    """The key of the configuration that holds the nodes inside, for a kind that has any."""

    @property
    def only_computes(self) -> bool:
        """Whether nothing outside is asked, so that what a node gives can be had again for nothing."""
        return self.idempotency is Idempotency.PURE

    def branches(self, config: ConfigT) -> tuple[str, ...]:
        """Return the branches that edges out of the node may name; `()` for a kind that has none."""
        return ()

    def branch_sets(self, config: ConfigT) -> tuple[frozenset[str], ...]:
        """Return the largest sets of branches that may be taken together."""
        return (frozenset(self.branches(config)),)

    def body_names(self, config: ConfigT) -> tuple[str, ...]:
        """Return the names that expressions inside see besides `inputs`, `variables` and `nodes`."""
        return ()

    def item_lists(self, config: ConfigT) -> Mapping[str, Json]:
        """Return for names of `body_names` that stand for items of a list this list, as it is written."""
        return {}

    def most_iterations(self, config: ConfigT) -> int:
        """Return how often the nodes inside run at most."""
        return 1

    def most_model_calls(self, config: ConfigT) -> int:
        """Return how many calls of a model one try of the node makes at most; the nodes inside count by themselves."""
        return 0

    def most_spent(self, config: ConfigT, sources: Sources) -> Spending:
        """Return what the node's calls cost at most, however often it is tried; the nodes inside count by themselves.

        An answer that was lost is charged, and asked for once more. A source that `sources` does not find has no price.
        """
        if not self.most_model_calls(config):
            return NOTHING
        return Spending(None, f"the kind {self.name} does not say what its calls cost")

    def body(self, config: ConfigT) -> Mapping[str, Any] | None:
        """Return the specification of the nodes inside (`nodes`, `edges`, `output`), None for a kind without."""
        return None

    def output_schema(self, config: ConfigT) -> Mapping[str, Any]:
        """Return the JSON Schema of `nodes.ID.output`; `{}` when anything may come."""
        return {}

    def reads(self, config: ConfigT) -> tuple[str, ...]:
        """Return what of the scope the runner reads besides its configuration: `inputs`, `nodes.plan.output.kind`."""
        return ()

    async def input_digests(self, config: ConfigT, node: str, files: InputFiles) -> Mapping[str, str]:
        """Return digests, by name, of files that the runner reads besides its configuration; raises as `files` does."""
        return {}

    def sources(self, config: ConfigT) -> tuple[str, ...]:
        """Return the names under the workflow's `sources` that the node uses."""
        return ()

    def source_kinds_of(self, config: ConfigT, source: str) -> frozenset[SourceKind]:
        """Return what this source may speak, where not all that a node names have the same task."""
        return self.source_kinds

    def files_read(self, config: ConfigT) -> tuple[str, ...]:
        """Return the ids of the nodes before it whose files the runner reads, through `NodeContext.node_files`."""
        return ()

    def memory(self, config: ConfigT) -> MemoryUse | None:
        """Return the conversation that the node goes on with, through `NodeContext.conversation`; None for none."""
        return None

    def template_folders(self, config: ConfigT) -> tuple[str, ...]:
        """Return the template folders, relative to the specification, that the node renders."""
        return ()

    def copier_templates(self, config: ConfigT) -> tuple[CopierSource, ...]:
        """Return the Copier templates that the node renders; `NodeContext.templates` has them under their names."""
        return ()

    def writes_files(self, config: ConfigT) -> bool:
        """Tell whether a node of this configuration may add files to the tree."""
        return False

    def static_paths(self, config: ConfigT) -> tuple[str, ...]:
        """Return the paths the node will write that are known before the run (no expression in them)."""
        return ()

    def changes(self, config: ConfigT) -> bool:
        """Tell whether a node of this configuration may change something outside: no other run's result is its own."""
        return self.idempotency is Idempotency.EFFECT

    @abstractmethod
    async def run(self, config: ConfigT, context: NodeContext) -> NodeResult:
        """Do the work; `config` is rendered and validated."""
