"""Errors of tools that agents use. Most of them are told to the model, which may do better."""

from dataclasses import dataclass
from typing import ClassVar

from repomill.errors.base import BadInput, Fatal, JsonObject, UserActionRequired


@dataclass(eq=False)
class ToolArgumentsInvalid(BadInput):
    """A model passed arguments that a tool does not take; `faults` name each place."""

    faults: tuple[str, ...]
    code: ClassVar[str] = "tool_arguments_invalid"
    message: ClassVar[str] = "The arguments do not fit: {listed}"
    hint: ClassVar[str] = "The model is told and may call again; a better `prompt` or description spares the attempt."

    def facts(self) -> JsonObject:
        """Add the joined list, which the message prints."""
        return super().facts() | {"listed": "; ".join(self.faults)}


@dataclass(eq=False)
class ToolRefused(BadInput):
    """A tool cannot do what it is asked for; `reason` is what the model is told."""

    reason: str
    code: ClassVar[str] = "tool_refused"
    message: ClassVar[str] = "{reason}"
    hint: ClassVar[str] = "The model is told and may ask otherwise; what it may do is set under `tools` of its node."


@dataclass(eq=False)
class ToolNameTaken(BadInput):
    """Two tools of one agent have the same name."""

    node: str
    name: str
    code: ClassVar[str] = "tool_name_taken"
    message: ClassVar[str] = "Node {node}: two tools are called {name!r}."
    hint: ClassVar[str] = "Leave one out with `include`, or give one of them a `prefix`."


@dataclass(eq=False)
class AgentCallsExhausted(Fatal):
    """An agent made all the calls of its model that it may, and gave no answer."""

    node: str
    calls: int
    code: ClassVar[str] = "agent_calls_exhausted"
    message: ClassVar[str] = "Node {node}: the agent gave no answer within {calls} calls of its model."
    hint: ClassVar[str] = "Raise `max_calls` and `repomill execution resume ID --spec SPEC`, or ask for less."


@dataclass(eq=False)
class NodeFilesMissing(BadInput):
    """A node wants files of another one that did not run before it."""

    node: str
    wanted: str
    code: ClassVar[str] = "node_files_missing"
    message: ClassVar[str] = "Node {node}: node {wanted!r} did not complete before it, so its files are not there."
    hint: ClassVar[str] = "Add an edge from {wanted} to it."


@dataclass(eq=False)
class McpServerUnfit(UserActionRequired):
    """An MCP server does not offer what a workflow needs, or answers what cannot be used."""

    server: str
    reason: str
    code: ClassVar[str] = "mcp_server_unfit"
    message: ClassVar[str] = "MCP server {server}: {reason}"
    hint: ClassVar[str] = "Correct its block, or what the workflow wants of it; `repomill source check` asks it."
