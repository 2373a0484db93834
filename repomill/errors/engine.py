"""Errors of the Prefect API and the embedded stack."""

from dataclasses import dataclass
from typing import ClassVar

from repomill.errors.base import Fatal, UserActionRequired


@dataclass(eq=False)
class EngineUnavailable(UserActionRequired):
    """The Prefect API cannot be reached."""

    url: str
    reason: str
    code: ClassVar[str] = "engine_unavailable"
    message: ClassVar[str] = "The Prefect API at {url} cannot be reached: {reason}"
    hint: ClassVar[str] = "Start it, or unset PREFECT_API_URL to use the embedded one."


@dataclass(eq=False)
class BlockMissing(UserActionRequired):
    """The Prefect server lacks a block that every flow needs."""

    block: str
    code: ClassVar[str] = "block_missing"
    message: ClassVar[str] = "This Prefect server has no block {block}."
    hint: ClassVar[str] = "Run `repomill up` with PREFECT_API_URL set to it: that seeds blocks and deployments."


@dataclass(eq=False)
class BlocksDiffer(UserActionRequired):
    """A Prefect server that others may use points at another database or artefact store than the settings do."""

    setting: str
    block: str
    code: ClassVar[str] = "blocks_differ"
    message: ClassVar[str] = "The block {block} of this Prefect server holds another value than {setting}."
    hint: ClassVar[str] = "Set {setting} to what its workers use, or run `repomill up` to point the server at yours."


@dataclass(eq=False)
class StackFailed(UserActionRequired):
    """The embedded stack did not start."""

    part: str
    reason: str
    log: str
    code: ClassVar[str] = "stack_failed"
    message: ClassVar[str] = "The embedded {part} did not start: {reason}"
    hint: ClassVar[str] = "Its log is {log}."


@dataclass(eq=False)
class NodeTimeout(Fatal):
    """One try of a node took longer than its `timeout`; `seconds` is that bound."""

    node: str
    seconds: float
    code: ClassVar[str] = "node_timeout"
    message: ClassVar[str] = "Node {node} did not end within {seconds:g} s."
    hint: ClassVar[str] = "Raise its `timeout`, or let it be tried again: `timeout` under `retry.on`."


@dataclass(eq=False)
class RunTimeout(Fatal):
    """A run took longer than the workflow's `timeout`; `seconds` is that bound."""

    workflow: str
    seconds: float
    code: ClassVar[str] = "run_timeout"
    message: ClassVar[str] = "The run of workflow {workflow} did not end within {seconds:g} s."
    hint: ClassVar[str] = "Resume it, which starts the clock anew and keeps what is done; or raise `timeout`."


@dataclass(eq=False)
class RunLost(Fatal):
    """The process of a run ended without a word, and the run is not started again; `reason` says why not."""

    execution: str
    reason: str
    code: ClassVar[str] = "run_lost"
    message: ClassVar[str] = "The process of execution {execution} is gone: {reason}."
    hint: ClassVar[str] = "`repomill execution resume {execution}` goes on where it stopped; nothing is paid again."
