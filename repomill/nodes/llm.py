"""The `llm` node: asks an agent for text, for a structure or for files."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from repomill.agents.request import AgentRequest
from repomill.nodes.base import Idempotency, NodeConfig, NodeContext, NodeKind, NodeResult, Raw
from repomill.sources import MODEL_SOURCES, SourceKind
from repomill.trees.paths import join_path
from repomill.trees.tree import TreeFile


class FilesWanted(NodeConfig):
    """Says that the agent's answer is files."""

    into: Annotated[str, Field(description="Folder of the tree the files go into.")] = "."


class LlmConfig(NodeConfig):
    """Configuration of an `llm` node; the answer is text unless `output_schema` or `files` says otherwise."""

    source: Annotated[str, Field(description="Name of a source of the workflow.")]
    model: Annotated[str, Field(description="Model, where it differs from the source's.")] = ""
    system_prompt: Annotated[str, Field(description="What the agent is and how it works.")] = ""
    prompt: Annotated[str, Field(min_length=1, description="What is asked.")]
    max_tokens: Annotated[int, Field(gt=0, description="Bound of every single answer, in tokens.")]
    temperature: Annotated[float | None, Field(ge=0, le=2, description="Sampling temperature.")] = None
    output_schema: Annotated[
        dict[str, Any] | None, Raw(), Field(description="JSON Schema of the answer; must describe an object.")
    ] = None
    files: Annotated[FilesWanted | None, Field(description="Ask for files instead.")] = None
    repairs: Annotated[
        int, Field(ge=0, le=5, description="How often a wrong answer goes back with what was wrong.")
    ] = 2

    @model_validator(mode="after")
    def _one_output(self) -> Self:
        if self.output_schema is not None and self.files is not None:
            raise ValueError("'output_schema' and 'files' exclude each other")
        return self


_TEXT_OUTPUT = {"type": "object", "properties": {"text": {"type": "string"}}}
_FILES_OUTPUT = {
    "type": "object",
    "properties": {"files": {"type": "array", "items": {"type": "string"}}, "notes": {"type": "string"}},
}


class Llm(NodeKind[LlmConfig]):
    """Asks one agent and hands on its text, its structured answer or its files.

    Every request goes through the call ledger: an answer that came is stored before anything looks at it and is
    never asked for again within the execution.
    """

    name: ClassVar[str] = "llm"
    version: ClassVar[int] = 1
    idempotency: ClassVar[Idempotency] = Idempotency.RECORDED
    source_kinds: ClassVar[frozenset[SourceKind]] = MODEL_SOURCES
    config_model = LlmConfig

    def output_schema(self, config: LlmConfig) -> Mapping[str, Any]:
        """Return the schema asked for, or that of the text or files answer."""
        if config.output_schema is not None:
            return config.output_schema
        return _FILES_OUTPUT if config.files is not None else _TEXT_OUTPUT

    def sources(self, config: LlmConfig) -> tuple[str, ...]:
        """An agent has one source."""
        return (config.source,)

    def writes_files(self, config: LlmConfig) -> bool:
        """Only an agent that was asked for files writes any."""
        return config.files is not None

    def most_model_calls(self, config: LlmConfig) -> int:
        """Return one for the question and one for each repair."""
        return 1 + config.repairs

    async def run(self, config: LlmConfig, context: NodeContext) -> NodeResult:
        """Ask the agent; raises the errors of `repomill.agents.runner`."""
        answer = await context.agents.run(_request(config, context.path))
        if config.files is None:
            return NodeResult(answer.output)
        files = tuple(_moved(file, config.files.into) for file in answer.files)
        notes = answer.output.get("notes", "") if isinstance(answer.output, dict) else ""
        return NodeResult({"files": [file.path for file in files], "notes": notes}, files)


def _request(config: LlmConfig, path: str) -> AgentRequest:
    return AgentRequest(
        node_path=path,
        source=config.source,
        model=config.model,
        system_prompt=config.system_prompt,
        prompt=config.prompt,
        max_tokens=config.max_tokens,
        temperature=config.temperature,
        schema=config.output_schema,
        files=config.files is not None,
        repairs=config.repairs,
    )


def _moved(file: TreeFile, folder: str) -> TreeFile:
    return TreeFile(join_path(folder, file.path), file.content, file.mode)
