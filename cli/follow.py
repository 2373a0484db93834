"""Show the events of an execution as they come."""

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cli.node_rows import is_of_iteration
from cli.output import Format, as_json_line, print_list, print_text, say
from cli.services import opened, run_async

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage.database.models import Event
    from storage.database.work import Work
    from tasks.services import Services

LOOK_EVERY = 0.2
"""Seconds between two looks at the event table."""

STREAMED = frozenset({"call.text", "call.thinking", "call.tool"})
"""Pieces of answers while they come."""

ENDS = frozenset({"execution.completed", "execution.failed", "execution.cancelled"})


async def follow(services: "Services", execution_id: UUID, *, after: int = 0) -> None:
    """Print events until the execution ends: a line each, and on a terminal what runs right now below them."""
    view = _Terminal() if sys.stderr.isatty() else _Lines()
    with view:
        while True:
            events = await _events(services, execution_id, after)
            for event in events:
                if _is_shown(event):
                    view.show(event)
                after = event.sequence
            if any(event.kind in ENDS for event in events):
                return
            await asyncio.sleep(LOOK_EVERY)


async def newest_event(services: "Services", execution_id: UUID) -> int:
    """Return the number of the newest event, 0 when there is none: what follows it belongs to the next attempt."""
    execution = await services.database.run(
        services.scope, lambda work: work.executions.get(execution_id), read_only=True
    )
    return execution.event_sequence


def print_events(execution_id: UUID, *, after: int, follow: bool, output: Format, everything: bool = True) -> None:
    """Print the events so far as data: text, or one JSON array.

    Without `everything` text leaves out what went well in iterations of loops. With `follow` it goes on with those that
    come, as JSON one object a line, until the newest event is an end.
    """
    shown = _is_shown if output is Format.TEXT and not everything else lambda _: True
    if follow and output is Format.TEXT and not everything:
        shown = _is_followed
    run_async((_print_and_follow if follow else _print)(execution_id, after, output, shown))


async def _print(execution_id: UUID, after: int, output: Format, shown: "Callable[[Event], bool]") -> None:
    async with opened() as services:
        events = await _events(services, execution_id, after)
    if output is Format.JSON:
        print_list([_facts(event) for event in events])
    for event in filter(shown, events) if output is Format.TEXT else ():
        print_text(_line(event))


async def _print_and_follow(execution_id: UUID, after: int, output: Format, shown: "Callable[[Event], bool]") -> None:
    from storage.database.notices import notices

    async with opened() as services:
        events = await _events(services, execution_id, 0)
        seen = 0
        try:
            async with notices(services.database, execution_id) as news:
                while True:
                    for event in events:
                        if event.sequence > after and shown(event):
                            print_text(_line(event) if output is Format.TEXT else as_json_line(_facts(event)))
                        seen = event.sequence
                    if events and events[-1].kind in ENDS:
                        return
                    await news.wait()
                    events = await _events(services, execution_id, seen)
        except asyncio.CancelledError:
            say(f"then:  repomill execution logs {execution_id} --follow --after {max(seen, after)}")
            raise


async def _events(services: "Services", execution_id: UUID, after: int) -> "list[Event]":
    """Return all events that follow, however many; the repository gives them in pages."""

    def read(work: "Work") -> "list[Event]":
        found: list[Event] = []
        while page := work.events.after(execution_id, found[-1].sequence if found else after):
            found += page
        return found

    return await services.database.run(services.scope, read, read_only=True)


def _line(event: "Event") -> str:
    return f"{event.sequence:>4}  {event.created_at.astimezone():%H:%M:%S}  {sentence(event)}"


def _facts(event: "Event") -> dict[str, Any]:
    facts = {"sequence": event.sequence, "at": event.created_at, "kind": event.kind, "node": event.node_path}
    return facts | {"payload": event.payload}


def _is_shown(event: "Event") -> bool:
    """A loop of a thousand iterations is one line, and one for each that did not go well; answers are whole later."""
    return event.kind not in STREAMED and _is_followed(event)


def _is_followed(event: "Event") -> bool:
    return not is_of_iteration(event.node_path) or event.kind in {"node.failed", "call.waiting"}


def sentence(event: "Event") -> str:
    """Say in a few words what an event means."""
    if event.kind in STREAMED:
        return _piece(event)
    noun, _, verb = event.kind.replace("_", " ").partition(".")
    subject = event.node_path or noun
    detail = ", ".join(_detail(name, value) for name, value in event.payload.items() if value not in (None, "", 0))
    return f"{subject} {verb}" + (f" ({detail})" if detail else "")


def _piece(event: "Event") -> str:
    """Return a piece of an answer on one line, as it stands between the quotes of JSON."""
    text = json.dumps(event.payload["text"], ensure_ascii=False)[1:-1]
    return f"{event.node_path}> {event.payload.get('tool', '')}{text}"


def _detail(name: str, value: Any) -> str:
    if value is True:
        return name.replace("_", " ")
    text = " and ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if name in {"message", "reason", "attempt"} else f"{name.replace('_', ' ')} {text}"


class _Lines:
    """One plain line an event, for pipes and logs."""

    def __enter__(self) -> "_Lines":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, event: "Event") -> None:
        say(f"{event.created_at.astimezone():%H:%M:%S} {sentence(event)}")


class _Terminal:
    """Finished nodes as lines, and below them a line of what runs."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.status import Status

        self._console = Console(stderr=True)
        self._status = Status("starting", console=self._console)
        self._running: list[str] = []

    def __enter__(self) -> "_Terminal":
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def show(self, event: "Event") -> None:
        from rich.text import Text

        node = event.node_path or ""
        if event.kind == "node.started":
            self._running.append(node)
        else:
            if event.kind.startswith("node."):  # a node's calls do not end it
                self._running = [name for name in self._running if name != node]
            self._console.print(Text(f"{_mark(event.kind)} {sentence(event)}"))
        self._status.update(f"running: {', '.join(self._running)}" if self._running else "working")


def _mark(kind: str) -> str:
    marks = {"completed": "✓", "cached": "✓", "failed": "✗", "cancelled": "✗"}
    return marks.get(kind.rpartition(".")[2], "·")
