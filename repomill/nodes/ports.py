"""What a run offers its nodes: ports, and what stands for one that a run does not provide."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar, cast

from repomill.agents.request import AgentAnswer, AgentRequest
from repomill.apis.client import HttpApi
from repomill.calls.port import Calls
from repomill.canonical import Json
from repomill.databases.port import Databases
from repomill.input_files.port import InputFiles
from repomill.memory.port import Conversation, Memories
from repomill.trees.tree import File


class Body(Protocol):
    """Port: the nodes inside a loop."""

    async def iterate(self, index: int, names: Mapping[str, Json]) -> Json:
        """Run the body once and return what the loop's `output` expression gives, or the output of its last nodes.

        `names` (`item`, `index`, `state`) join the scope of the body's expressions. Iterations may run at once.

        Raises:
            RepomillError: what the first failing node of the body raised.
        """


class Absent:
    """Stands for a port that whoever runs the node did not provide."""

    def __getattr__(self, name: str) -> Any:
        raise NotImplementedError(f"this run provides nothing for {name!r}")


NO_BODY: Final = cast("Body", Absent())
NO_CALLS: Final = cast("Calls", Absent())
NO_DATABASES: Final = cast("Databases", Absent())
NO_INPUT_FILES: Final = cast("InputFiles", Absent())
NO_MEMORIES: Final = cast("Memories", Absent())
NO_CONVERSATION: Final = cast("Conversation", Absent())

SourceT = TypeVar("SourceT")


class Sources(Protocol):
    """Port: the sources that the workflow names, as their blocks hold them, keys included."""

    def get(self, name: str, kind: type[SourceT]) -> SourceT:
        """Return a source; raises `SourceMissing` when its block does not exist."""

    def find(self, name: str, kind: type[SourceT]) -> SourceT | None:
        """Return a source, None when its block does not exist."""

    def model(self, name: str) -> str:
        """Return the model a source names, in the specification or in its block; "" for none."""

    def identity(self, name: str) -> dict[str, Json]:
        """Return what tells a source from others, and is no secret: kind and block, as the specification names them."""

    def max_input_tokens(self, name: str) -> int | None:
        """Return the longest request that the specification lets go to a source."""


NO_SOURCES: Final = cast("Sources", Absent())


class HttpApis(Protocol):
    """Port: the HTTP APIs behind the workflow's sources, on behalf of the acting user."""

    async def api(self, source: str) -> HttpApi:
        """Return the API ready to be called; raises `SourceMissing`, and `ApiNotFound` for its document."""


NO_HTTP: Final = cast("HttpApis", Absent())


class NodeFiles(Protocol):
    """Port: the files of nodes that completed before this one."""

    async def files(self, node: str) -> Sequence[File]:
        """Return the files of a node, by its id as an expression here names it; raises `NodeFilesMissing`."""


NO_NODE_FILES: Final = cast("NodeFiles", Absent())


class Agents(Protocol):
    """Port: asks a model through the call ledger."""

    async def run(self, request: AgentRequest) -> AgentAnswer:
        """Run one agent until it has its output; raises the errors of `repomill.agents.runner`."""


class Templates(Protocol):
    """Port: the template folders that were stored with the workflow version."""

    async def files(self, folder: str) -> Sequence[File]:
        """Return the folder's files, paths relative to it; raises `NotFound` for a folder that was not stored.

        A file is read when it is asked for its content.
        """
