"""Calls of functions by a model: bounded, checked, and each kept in the ledger."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from itertools import count
from typing import Any

from repomill.agents.functions import Function
from repomill.agents.request import AgentRequest
from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import FREE, CallKey, CallKind
from repomill.calls.node_calls import NodeCalls
from repomill.calls.sending import Answered
from repomill.canonical import Json, canonical_json, digest
from repomill.errors import (
    AddressRefused,
    ApiForbidden,
    ApiUnauthorized,
    CallRefused,
    CallUnavailable,
    Cancelled,
    OwnershipLost,
    RecordingMissing,
    RecordingUnreadable,
    RepomillError,
    Retriable,
    ToolArgumentsInvalid,
    ToolRefused,
    UserActionRequired,
)
from repomill.workflow.json_schemas import value_errors

CALLS_APART = 1000
"""Numbers kept for what one call of a function asks outside, so that the numbers of later calls do not depend on it."""

MOST_TEXT = 200_000
"""Characters of an answer that a model is shown."""

# What a model can do nothing about ends the run: it is resumed when somebody has.
_NOT_FOR_MODELS = (Cancelled, OwnershipLost, RecordingMissing, RecordingUnreadable, Retriable, UserActionRequired)
_FOR_MODELS = (AddressRefused, ApiForbidden, ApiUnauthorized, CallRefused, CallUnavailable)


class ToolMistake(Exception):
    """A call of a function has no result; `text` is what the model is told."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(text)


class ToolCalls:
    """The calls of one agent run, in order.

    A function runs again when the run is resumed, so that the tree it works on is the same again; what it asks outside
    is answered by the ledger, and so is the model: an answer that was kept wins over the one that comes now. A call
    that failed is not made again: it left the tree alone, and who refused or was too slow may have left no answer.
    """

    def __init__(self, request: AgentRequest, calls: LedgeredCalls) -> None:
        self._path = request.node_path
        self._calls = calls
        self._made: Counter[str] = Counter()
        self._numbers = count(1)

    async def answer(self, function: Function, arguments: Mapping[str, Any]) -> str:
        """Return what the model is told.

        Raises:
            ToolMistake: the call was wrong or failed, in words for the model.
            RepomillError: no model can do anything about it.
        """
        first = next(self._numbers) * CALLS_APART
        self._made[function.name] += 1
        asked: Json = {"function": function.name, "version": function.version, "arguments": _readable(arguments)}
        outcome = await self._failure(first, asked)
        if outcome is None:
            outcome = await self._outcome(function, arguments, NodeCalls(self._calls, self._path, first + 1))
        answered = Answered(outcome, FREE)

        async def send() -> Answered:
            return answered

        kept = await NodeCalls(self._calls, self._path, first).call(CallKind.MCP, function.name, asked, send)
        if "error" in kept:
            raise ToolMistake(str(kept["error"]))
        return _text(kept["answer"])

    async def _failure(self, number: int, asked: Json) -> Json:
        """Return the outcome of a call that is known to have failed, else None."""
        known = await self._calls.known_answer(CallKey(self._path, number, digest(asked)))
        return known if isinstance(known, dict) and "error" in known else None

    async def _outcome(self, function: Function, arguments: Mapping[str, Any], calls: NodeCalls) -> dict[str, Json]:
        if self._made[function.name] > function.max_calls:
            return {"error": f"{function.name} may be called {function.max_calls} times, and was. Finish without it."}
        try:
            _check(function, arguments)
            async with asyncio.timeout(function.timeout) as bound:
                return {"answer": _plain(await function.run(arguments, calls))}
        except TimeoutError:
            if not bound.expired():
                raise  # one of its own, which is a fault of the function
            return {"error": f"{function.name} took longer than {function.timeout:g} s and was stopped."}
        except RepomillError as error:
            if isinstance(error, _NOT_FOR_MODELS) and not isinstance(error, _FOR_MODELS):
                raise
            return {"error": str(error)}


def _check(function: Function, arguments: Mapping[str, Any]) -> None:
    if isinstance(_readable(arguments), str):
        raise ToolArgumentsInvalid(("arguments: they hold numbers or text that JSON does not know",))
    faults = [
        f"{'/'.join(map(str, error.absolute_path)) or 'arguments'}: {error.message[:300]}"
        for error in value_errors(function.parameters, dict(arguments))
    ]
    if faults:
        raise ToolArgumentsInvalid(tuple(faults[:10]))


def _plain(answer: Json) -> Json:
    """Return the answer as it will be read from the ledger; raises `ToolRefused` for one that JSON cannot hold."""
    try:
        plain: Json = json.loads(json.dumps(answer, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ToolRefused(f"the answer is no JSON: {error}") from error
    return plain


def _readable(arguments: Mapping[str, Any]) -> Json:
    """Return the arguments; what Python takes for JSON and nobody else does (NaN, huge integers) as text."""
    given: Json = dict(arguments)
    try:
        canonical_json(given)
    except ValueError:
        return repr(given)
    return given


def _text(answer: Json) -> str:
    text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
    return text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}\n… ({len(text) - MOST_TEXT} more characters)"
