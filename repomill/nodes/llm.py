"""The `llm` node: asks an agent for text, for a structure or for files."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from repomill.agents.attachments import MOST_FILES, Attachment, attachments, checked
from repomill.agents.request import AgentRequest, ModelChoice
from repomill.calls.spending import NOTHING, Spending
from repomill.canonical import digest
from repomill.input_files.port import InputFiles
from repomill.memory.port import FIRST_CALL, MemoryUse, WhenFull
from repomill.memory.summaries import fitted, longest_summary
from repomill.memory.turns import Turn
from repomill.nodes._llm_options import Attach, Fallback, ModelOptions
from repomill.nodes._model_spending import Requests, most_spent
from repomill.nodes.base import Idempotency, NodeConfig, NodeContext, NodeKind, NodeResult, Raw
from repomill.nodes.ports import Sources
from repomill.sources import MODEL_SOURCES, SourceKind
from repomill.tools.base import ToolContext
from repomill.tools.use import ToolUse, open_tools
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
    max_input_tokens: Annotated[
        int | None, Field(gt=0, description="Longest request, every byte a token; a longer one is not sent.")
    ] = None
    temperature: Annotated[float | None, Field(ge=0, le=2, description="Sampling temperature.")] = None
    thinking: Annotated[
        Literal["none", "minimal", "low", "medium", "high"] | None,
        Field(description="How much the model thinks before it answers, where it can; `max_tokens` bounds that too."),
    ] = None
    settings: Annotated[ModelOptions, Field(default_factory=ModelOptions, description="Further settings of models.")]
    fallback: Annotated[
        tuple[Fallback, ...], Field(max_length=5, description="Models to ask, in order, when the source cannot answer.")
    ] = ()
    attach: Annotated[tuple[Attach, ...], Field(description="Files of earlier nodes that the agent is shown.")] = ()
    output_schema: Annotated[
        dict[str, Any] | None, Raw(), Field(description="JSON Schema of the answer; must describe an object.")
    ] = None
    files: Annotated[FilesWanted | None, Field(description="Ask for files instead.")] = None
    repairs: Annotated[
        int, Field(ge=0, le=5, description="How often a wrong answer goes back with what was wrong.")
    ] = 2
    tools: Annotated[
        tuple[ToolUse, ...], Field(description="What the agent may use: names, or `{NAME: {settings}}`.")
    ] = ()
    memory: Annotated[MemoryUse | None, Field(description="The conversation that the agent goes on with.")] = None
    max_calls: Annotated[
        int | None, Field(gt=0, le=500, description="Calls of the model that one run may make; 25 with tools.")
    ] = None

    @model_validator(mode="after")
    def _one_output(self) -> Self:
        if self.output_schema is not None and self.files is not None:
            raise ValueError("'output_schema' and 'files' exclude each other")
        if self.files is not None and self.uses_tree:
            raise ValueError("'files' and the tool 'tree' exclude each other: the agent answers with files or writes")
        return self

    @property
    def uses_tree(self) -> bool:
        """Whether the agent has a tool that writes files."""
        return any(use.toolset().writes_files for use in self.tools)

    @property
    def most_requests(self) -> int:
        """Bound of the calls of the model in one run."""
        return self.max_calls or (CALLS_WITH_TOOLS if self.tools else 1 + self.repairs)


CALLS_WITH_TOOLS = 25

_TEXT_OUTPUT = {"type": "object", "properties": {"text": {"type": "string"}}}
_TEXT_AND_FILES_OUTPUT = {
    "type": "object",
    "properties": {"text": {"type": "string"}, "files": {"type": "array", "items": {"type": "string"}}},
}
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
        if config.files is not None:
            return _FILES_OUTPUT
        return _TEXT_AND_FILES_OUTPUT if config.uses_tree else _TEXT_OUTPUT

    def sources(self, config: LlmConfig) -> tuple[str, ...]:
        """Return those of the models, and those of tools."""
        return tuple(dict.fromkeys((*_models(config), *(name for use in config.tools for name in use.sources()))))

    def source_kinds_of(self, config: LlmConfig, source: str) -> frozenset[SourceKind]:
        """Tell models from what tools use."""
        if source in _models(config):
            return self.source_kinds
        return next(use.toolset().source_kinds for use in config.tools if source in use.sources())

    def files_read(self, config: LlmConfig) -> tuple[str, ...]:
        """Return the nodes whose files are attached, or shown by a tool."""
        shown = (node for use in config.tools for node in use.upstream())
        return tuple(dict.fromkeys((*(each.from_ for each in config.attach), *shown)))

    async def input_digests(self, config: LlmConfig, node: str, files: InputFiles) -> Mapping[str, str]:
        """Return what tells versions of tools apart."""
        return {f"tool {use.name}": digest(use.version()) for use in config.tools}

    def writes_files(self, config: LlmConfig) -> bool:
        """Only an agent that was asked for files, or has tools for them, writes any."""
        return config.files is not None or config.uses_tree

    def memory(self, config: LlmConfig) -> MemoryUse | None:
        """Return the conversation of `memory`."""
        return config.memory

    def most_model_calls(self, config: LlmConfig) -> int:
        """Return one for the question and each repair, with tools the bound of the run; one for a summary.

        And one for each model of `fallback`: who was passed over was asked once in vain, and is not asked again.
        """
        return config.most_requests + len(config.fallback) + (_summarised(config) is not None)

    def most_spent(self, config: LlmConfig, sources: Sources) -> Spending:
        """Return what the agent's requests cost, and that for a summary."""
        if asks := next((use.name for use in config.tools if use.toolset().asks_models), ""):
            return Spending(None, f"the tool {asks} asks models of its own")
        if config.settings.extra_body:  # it may hold another `max_tokens`, several answers, tools of the provider
            return Spending(None, "what `extra_body` asks for may cost more than is known", "leave it out")
        models = tuple(
            ModelChoice(name, model, config.max_input_tokens)
            for name, model in ((config.source, config.model), *((each.source, each.model) for each in config.fallback))
        )
        images = MOST_FILES if config.attach else 0
        asked = most_spent(Requests(config.most_requests, models, config.max_tokens, images), sources)
        memory = _summarised(config)
        summary = most_spent(Requests(1, models[:1], longest_summary(memory)), sources) if memory else NOTHING
        return asked + summary

    async def run(self, config: LlmConfig, context: NodeContext) -> NodeResult:
        """Ask the agent; raises the errors of `repomill.agents.runner`, and of tools that cannot be used at all."""
        async with AsyncExitStack() as stack:
            opened = await open_tools(config.tools, _tool_context(context), stack)
            asked = replace(
                _request(config, context.path),
                functions=opened.functions,
                history=await _remembered(config, context),
                attachments=await _attached(config, context),
            )
            answer = await context.agents.run(asked)
        if config.memory is not None:
            await context.conversation.keep(answer.turn)
        if opened.tree is not None:
            return NodeResult(answer.output, opened.tree.own, lists_files=config.output_schema is None)
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
        max_input_tokens=config.max_input_tokens,
        temperature=config.temperature,
        schema=config.output_schema,
        files=config.files is not None,
        repairs=config.repairs,
        max_calls=config.most_requests,
        thinking=config.thinking or "",
        options=config.settings.stated(),
        fallback=tuple(ModelChoice(each.source, each.model, config.max_input_tokens) for each in config.fallback),
    )


def _summarised(config: LlmConfig) -> MemoryUse | None:
    """Return the memory whose older turns the model may be asked to summarise."""
    return config.memory if config.memory and config.memory.when_full is WhenFull.SUMMARISE else None


def _models(config: LlmConfig) -> tuple[str, ...]:
    return (config.source, *(each.source for each in config.fallback))


async def _attached(config: LlmConfig, context: NodeContext) -> tuple[Attachment, ...]:
    """Return the files of `attach`; raises `NodeFilesMissing` and `AttachmentRefused`."""
    found: list[Attachment] = []
    for each in config.attach:
        found += attachments(context.path, await context.node_files.files(each.from_), each.paths)
    return await checked(context.path, found)


async def _remembered(config: LlmConfig, context: NodeContext) -> tuple[Turn, ...]:
    """Return what was said before, with a summary of its older part where that does not fit."""
    if config.memory is None:
        return ()

    async def ask(prompt: str, max_tokens: int) -> str:
        asked = AgentRequest(
            context.path,
            config.source,
            prompt,
            max_tokens,
            model=config.model,
            repairs=0,
            max_input_tokens=config.max_input_tokens,
            calls_before=FIRST_CALL,
        )
        answer: Any = (await context.agents.run(asked)).output
        return str(answer["text"])

    return await fitted(config.memory, context.conversation, ask)


def _tool_context(context: NodeContext) -> ToolContext:
    return ToolContext(
        node_path=context.path,
        scope=context.scope,
        calls=context.calls,
        http=context.http,
        node_files=context.node_files,
        sources=context.sources,
        max_file_size=context.max_file_size,
    )


def _moved(file: TreeFile, folder: str) -> TreeFile:
    return TreeFile(join_path(folder, file.path), file.content, file.mode)
