"""Errors of models' answers and sources."""

from dataclasses import dataclass
from typing import ClassVar

from repomill.errors.base import BadInput, Fatal, UserActionRequired
from repomill.errors.calls import CallRefused


@dataclass(eq=False)
class AnswerNotUsable(Fatal):
    """A model's answer does not have the structure asked for, after every repair that was allowed."""

    node: str
    reason: str
    code: ClassVar[str] = "answer_not_usable"
    message: ClassVar[str] = "Node {node}: the model's answer is not the structure asked for: {reason}"
    hint: ClassVar[str] = (
        "Change the prompt or the schema, then `repomill execution resume ID --spec SPEC`: other answers are kept."
    )


@dataclass(eq=False)
class OutputSchemaInvalid(BadInput):
    """The JSON Schema of a node's structured output cannot be used."""

    node: str
    reason: str
    code: ClassVar[str] = "output_schema_invalid"
    message: ClassVar[str] = "Node {node}: the output schema is not a JSON Schema: {reason}"
    hint: ClassVar[str] = "JSON Schema 2020-12; every $ref points into the schema itself."


@dataclass(eq=False)
class AnswerCut(Fatal):
    """The provider stopped before the answer was whole."""

    node: str
    reason: str
    code: ClassVar[str] = "answer_cut"
    message: ClassVar[str] = "Node {node}: the model stopped early ({reason})."
    hint: ClassVar[str] = "Raise max_tokens or ask for less, then `repomill execution resume ID --spec SPEC`."


@dataclass(eq=False)
class PromptTooLong(UserActionRequired):
    """A request to a model is longer than the workflow allows; it was not sent."""

    node: str
    source: str
    size: int
    most: int
    code: ClassVar[str] = "prompt_too_long"
    message: ClassVar[str] = (
        "Node {node}: the request to source {source} may come to {size} tokens (every byte counts as one), more than "
        "max_input_tokens, {most}. It was not sent."
    )
    hint: ClassVar[str] = (
        "Raise max_input_tokens of the node or its source, or ask with less, then "
        "`repomill execution resume ID --spec SPEC`: answers that came are kept."
    )


@dataclass(eq=False)
class AnswerRefused(AnswerCut):
    """The model, or a filter of its provider, refused to answer."""

    code: ClassVar[str] = "answer_refused"
    message: ClassVar[str] = "Node {node}: the model refused to answer ({reason})."
    hint: ClassVar[str] = "Ask otherwise, or another model, then `repomill execution resume ID --spec SPEC`."


@dataclass(eq=False)
class AttachmentRefused(BadInput):
    """A file that an agent was to be shown cannot be."""

    node: str
    path: str
    reason: str
    code: ClassVar[str] = "attachment_refused"
    message: ClassVar[str] = "Node {node}: {path} cannot be attached: {reason}."
    hint: ClassVar[str] = "Name texts, images and PDF documents under `attach.paths`, as .gitignore has patterns."


@dataclass(eq=False)
class DocumentsNotTaken(CallRefused):
    """A source takes no PDF documents in the API it is asked through; it was not asked."""

    code: ClassVar[str] = "documents_not_taken"
    message: ClassVar[str] = "Source {source} cannot be shown PDF documents: {reason}. It was not asked."
    hint: ClassVar[str] = (
        "Set `api` of the source's block to `responses`, or name another source, or a `fallback`, then "
        "`repomill execution resume ID --spec SPEC`."
    )


@dataclass(eq=False)
class ModelNotNamed(BadInput):
    """Neither the node nor its source says which model is meant."""

    node: str
    source: str
    code: ClassVar[str] = "model_not_named"
    message: ClassVar[str] = "Node {node}: neither the node nor source {source} or its block names a model."
    hint: ClassVar[str] = "Give `model` in the node, in the workflow's source or in the block."


@dataclass(eq=False)
class SourceMissing(UserActionRequired):
    """A workflow names a source whose block does not exist."""

    source: str
    block: str
    code: ClassVar[str] = "source_missing"
    message: ClassVar[str] = "Source {source} needs the Prefect block {block}, which does not exist."
    hint: ClassVar[str] = (
        "Make it in the Prefect UI; or, for OpenAI, set OPENAI_API_KEY (and OPENAI_BASE_URL), then `repomill up`."
    )


@dataclass(eq=False)
class SourceKindUnknown(BadInput):
    """Somebody names a block that no source can have."""

    reference: str
    near: str
    code: ClassVar[str] = "source_kind_unknown"
    message: ClassVar[str] = "{reference!r} names no block of a source: {near}"
    hint: ClassVar[str] = "Type and name of a block, as `repomill-openai/openai`, or kind of source and name."
