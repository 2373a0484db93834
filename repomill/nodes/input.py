"""The `input` node: hands the run's inputs on, and takes files in."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from repomill.canonical import Json, digest
from repomill.input_files.contents import Format, parsed
from repomill.input_files.port import FoundFile, InputFiles, Wanted
from repomill.nodes.base import Idempotency, NodeConfig, NodeContext, NodeKind, NodeResult
from repomill.trees.paths import join_path
from repomill.trees.tree import TreeFile
from repomill.workflow.spec import Name

_PLACES: Final = ("path", "glob", "folder", "artifact")
MEGABYTE: Final = 1024 * 1024


class InputFile(NodeConfig):
    """Files that are taken in; give one of `path`, `glob`, `folder` and `artifact`."""

    name: Annotated[Name, Field(description="They stand under `files.NAME` of the output.")]
    path: Annotated[str | None, Field(min_length=1, description="One file in an allowed folder of the worker.")] = None
    glob: Annotated[str | None, Field(min_length=1, description="Files that match, as `docs/**/*.md`.")] = None
    folder: Annotated[str | None, Field(min_length=1, description="All files below a folder.")] = None
    artifact: Annotated[
        str | None, Field(min_length=1, description="Key of one object of the artefact store, under `org/ID/`.")
    ] = None
    as_: Annotated[
        Literal[Format, "file"], Field(alias="as", description="How the content is read, or a file of the tree.")
    ] = "text"
    into: Annotated[str, Field(description="With `as: file`: folder of the tree.")] = "."
    max_bytes: Annotated[int, Field(gt=0, le=1024 * MEGABYTE, description="Bytes each may have.")] = MEGABYTE
    max_files: Annotated[int, Field(gt=0, le=100_000, description="How many there may be.")] = 1000

    @property
    def wanted(self) -> Wanted:
        """What is asked of the worker or the store."""
        kind = next(place for place in _PLACES if getattr(self, place) is not None)
        return Wanted(kind, getattr(self, kind), self.max_bytes, self.max_files)  # type: ignore[arg-type]  # one of four

    @property
    def is_one(self) -> bool:
        """Whether one file was named, not several."""
        return self.path is not None or self.artifact is not None

    @model_validator(mode="after")
    def _names_one_place(self) -> Self:
        if len([place for place in _PLACES if getattr(self, place) is not None]) != 1:
            raise ValueError(f"give one of {', '.join(_PLACES)}")
        if self.into != "." and self.as_ != "file":
            raise ValueError("'into' goes with 'as: file'")
        return self


class InputConfig(NodeConfig):
    """Configuration of an `input` node."""

    values: Annotated[
        dict[str, Any],
        Field(default_factory=dict, description="Values derived from the inputs; they join them in the output."),
    ]
    files: Annotated[tuple[InputFile, ...], Field(description="Files to take in.")] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [file.name for file in self.files]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"two entries of 'files' are called {twice!r}")
        return self


class Input(NodeKind[InputConfig]):
    """Hands on the run's inputs, checked against the workflow's JSON Schema, values derived from them, and files.

    Files come from the folders that `REPOMILL_INPUT_ROOTS` allows, on the machine of the worker, or from the artefact
    store. Each has `path`, `size`, `digest` and, unless it joins the tree, `content`. A file that changed runs the
    node again when the execution is resumed.
    """

    name: ClassVar[str] = "input"
    version: ClassVar[int] = 2
    idempotency: ClassVar[Idempotency] = Idempotency.PURE
    config_model = InputConfig

    def output_schema(self, config: InputConfig) -> Mapping[str, Any]:
        """The inputs are the workflow's own, so only derived values could be named here; anything may come."""
        return {}

    def reads(self, config: InputConfig) -> tuple[str, ...]:
        """The output is the inputs."""
        return ("inputs",)

    def writes_files(self, config: InputConfig) -> bool:
        """Only where a file joins the tree."""
        return any(file.as_ == "file" for file in config.files)

    async def input_digests(self, config: InputConfig, node: str, files: InputFiles) -> Mapping[str, str]:
        """Return what the files hold now, so that a change runs the node again."""
        return {f"files.{entry.name}": await _digest(entry, node, files) for entry in config.files}

    async def run(self, config: InputConfig, context: NodeContext) -> NodeResult:
        """Merge inputs, derived values and files; the later wins where two are called the same.

        Raises:
            RepomillError: those of `repomill.input_files.port` and `repomill.input_files.contents`.
        """
        inputs = context.scope["inputs"]
        output: dict[str, Json] = dict(inputs) if isinstance(inputs, dict) else {}
        output |= config.values
        taken, tree = dict[str, Json](), list[TreeFile]()
        for entry in config.files:
            found = await context.input_files.gather(context.path, entry.wanted)
            # In a thread: reading a megabyte of YAML takes a second.
            described = await asyncio.to_thread(_described, context.path, entry, found)
            taken[entry.name] = described[0] if entry.is_one else described
            tree += _tree_files(entry, found)
        return NodeResult(output | ({"files": taken} if config.files else {}), tuple(tree))


async def _digest(entry: InputFile, node: str, files: InputFiles) -> str:
    return digest([[file.path, file.digest] for file in await files.gather(node, entry.wanted)])


def _described(node: str, entry: InputFile, found: tuple[FoundFile, ...]) -> list[Json]:
    return [
        {
            "path": join_path(entry.into, file.path) if entry.as_ == "file" else file.path,
            "size": len(file.content),
            "digest": file.digest,
            **({} if entry.as_ == "file" else {"content": parsed(node, file, entry.as_)}),
        }
        for file in found
    ]


def _tree_files(entry: InputFile, found: tuple[FoundFile, ...]) -> list[TreeFile]:
    if entry.as_ != "file":
        return []
    return [TreeFile(join_path(entry.into, file.path), file.content) for file in found]
