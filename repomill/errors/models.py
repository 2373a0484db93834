"""Errors of model calls, recordings and answers."""

from dataclasses import dataclass
from typing import ClassVar

from repomill.errors.base import BadInput, Fatal, Retriable, UserActionRequired


@dataclass(eq=False)
class RecordingMissing(Fatal):
    """Strict mode met a call that was never recorded; `difference` names the fields that differ from the nearest."""

    node: str
    ordinal: int
    difference: str
    code: ClassVar[str] = "recording_missing"
    message: ClassVar[str] = "Node {node}, call {ordinal}: there is no recording of this request. {difference}"
    hint: ClassVar[str] = "Run in mode live or replay to record it."


@dataclass(eq=False)
class RecordingUnreadable(BadInput):
    """A recording file is not what the ledger writes."""

    path: str
    reason: str
    code: ClassVar[str] = "recording_unreadable"
    message: ClassVar[str] = "Recording {path} cannot be used: {reason}."
    hint: ClassVar[str] = "Delete the file and record again in mode live."


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
class ModelRefused(UserActionRequired):
    """The provider refused the request for good: a wrong key, model or request."""

    source: str
    status: int
    reason: str
    code: ClassVar[str] = "model_refused"
    message: ClassVar[str] = "Source {source} answered {status}: {reason}"
    hint: ClassVar[str] = "Check the key, the base URL and the model of the source's block."


@dataclass(eq=False)
class ModelUnavailable(Retriable):
    """The provider could not be reached or asked for patience."""

    source: str
    reason: str
    code: ClassVar[str] = "model_unavailable"
    message: ClassVar[str] = "Source {source} does not answer: {reason}"
    hint: ClassVar[str] = "Resume later; answers that came are kept."


@dataclass(eq=False)
class CallUncertain(UserActionRequired):
    """A call was sent twice and twice its answer was lost."""

    node: str
    ordinal: int
    code: ClassVar[str] = "call_uncertain"
    message: ClassVar[str] = "Node {node}, call {ordinal} was sent twice and no answer was stored; it is charged."
    hint: ClassVar[str] = "Look at the provider's own log, then change the node or start a new execution."


@dataclass(eq=False)
class SourceMissing(UserActionRequired):
    """A workflow names a source whose block does not exist."""

    source: str
    block: str
    code: ClassVar[str] = "source_missing"
    message: ClassVar[str] = "Source {source} needs the Prefect block {block}, which does not exist."
    hint: ClassVar[str] = "Set OPENAI_API_KEY (and OPENAI_BASE_URL), then `repomill up`; or make it in the Prefect UI."
