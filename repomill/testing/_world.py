"""The world a case runs in: a node context whose ports are the case's, and a guard that tells who goes outside."""

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import fields
from functools import wraps
from threading import RLock
from typing import Any
from unittest.mock import patch
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

_OUTSIDE: tuple[tuple[Any, str], ...] = (
    *((socket.socket, name) for name in ("connect", "connect_ex", "sendto", "sendmsg")),
    *((socket, name) for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex")),
)
_watching = RLock()
_gone_outside: ContextVar[list[str] | None] = ContextVar("gone_outside", default=None)


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
    """Collect the network operations of the block: what its sockets and those of threads it awaits are asked for.

    Not with an audit hook: none can be taken away, and CPython before 3.12 lets threads fail that coverage traces while
    one runs (https://github.com/python/cpython/issues/98257). Blocks of two threads wait for each other.
    """
    seen: list[str] = []
    token = _gone_outside.set(seen)
    try:
        with _watching, ExitStack() as stack:
            for owner, name in _OUTSIDE:
                stack.enter_context(patch.object(owner, name, _noting(name, getattr(owner, name))))
            yield seen
    finally:
        _gone_outside.reset(token)


def _noting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def noting(*arguments: Any, **options: Any) -> Any:
        if (seen := _gone_outside.get()) is not None:
            told = [repr(argument) for argument in arguments if isinstance(argument, (str, tuple))]  # not what is sent
            seen.append(f"{name}({', '.join(told)})")
        return function(*arguments, **options)

    return noting
