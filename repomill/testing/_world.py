"""The world a case runs in: a node context whose ports are the case's, and a guard that tells who goes outside."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields
from typing import Any
from uuid import uuid4

from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import LedgerMode
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.calls.node_calls import NodeCalls
from repomill.calls.port import Calls
from repomill.canonical import Json
from repomill.nodes.base import NodeContext
from repomill.nodes.ports import Absent
from repomill.testing.cases import Case
from repomill.tools.base import ToolContext

NODE_PATH = "node_under_test"
MAX_FILE_SIZE = 10_485_760

_OUTSIDE = frozenset({"socket.connect", "socket.getaddrinfo", "socket.sendto"})
_gone_outside: ContextVar[list[str] | None] = ContextVar("gone_outside", default=None)
_hook_is_set = False


def node_context(case: Case, **ports: Any) -> NodeContext:
    """Return the context; ports given here win over the case's, and what nobody gives raises when it is used.

    Without others, `calls` is a real one on a ledger in memory.
    """
    given: dict[str, Any] = {"path": NODE_PATH, "scope": scope(case), "max_file_size": MAX_FILE_SIZE}
    names = {field.name for field in fields(NodeContext)} - given.keys()
    defaults = {**{name: Absent() for name in names}, "calls": ledgered_calls(new_ledger(), LedgerMode.LIVE)}
    return NodeContext(**given, **{**defaults, **case.ports, **ports})


def tool_context(calls: Calls) -> ToolContext:
    """Return what a tool runs with."""
    return ToolContext(NODE_PATH, scope(Case()), calls)


def new_ledger() -> MemoryCallLedger:
    """Return an empty ledger."""
    return MemoryCallLedger(uuid4())


def ledgered_calls(ledger: MemoryCallLedger, mode: LedgerMode) -> NodeCalls:
    """Return the `calls` port of one try over a ledger."""
    return NodeCalls(LedgeredCalls(ledger, mode), NODE_PATH)


def scope(case: Case) -> Mapping[str, Json]:
    """Return what the case's runner sees by name."""
    return {"inputs": {}, "variables": {}, "nodes": {}, **case.scope}


@contextmanager
def watched_network() -> Iterator[list[str]]:
    """Collect the network operations of the block, in this thread and the threads it awaits."""
    _set_hook()
    seen: list[str] = []
    token = _gone_outside.set(seen)
    try:
        yield seen
    finally:
        _gone_outside.reset(token)


def _set_hook() -> None:
    """Python has no way to take an audit hook away again, so there is one, which is quiet outside the block."""
    global _hook_is_set  # noqa: PLW0603  # one hook for the process
    if not _hook_is_set:
        sys.addaudithook(_note)
        _hook_is_set = True


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _OUTSIDE and (seen := _gone_outside.get()) is not None:
        seen.append(f"{event} {arguments[1:] if event == 'socket.connect' else arguments}")
