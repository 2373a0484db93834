"""YAML text as a graph of nodes with their places; anchors are shared, nothing is expanded yet."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Union

import yaml  # type: ignore[import-untyped]  # the package has no types of its own
from yaml.events import (  # type: ignore[import-untyped]  # the same
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from repomill.workflow.positions import Position

MAX_DEPTH = 64
"""Deeper nesting would run the recursive readers behind us (schemas, models) out of stack."""

_TAG = "tag:yaml.org,2002:"
_TEXT_TAGS = frozenset({"!", _TAG + "str"})
_VALUES = (ScalarEvent, CollectionStartEvent)
_NEUTRAL_TAGS = frozenset({None, "!", _TAG + "map", _TAG + "seq", _TAG + "str"})


class TextRefused(Exception):
    """The text cannot be read as a whole; carries the fault's code, words and place."""

    def __init__(self, code: str, message: str, place: Position) -> None:
        super().__init__(message)
        self.code, self.message, self.place = code, message, place


@dataclass(slots=True, eq=False)
class Scalar:
    """`plain` scalars are resolved by the core schema, all others are text."""

    text: str
    plain: bool
    literal: bool


@dataclass(slots=True, eq=False)
class Sequence:
    """A list."""

    items: list["Use"] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Mapping:
    """An object; keys are uses too, since a key may be an alias."""

    pairs: list[tuple["Use", "Use"]] = field(default_factory=list)


Node = Union[Scalar, Sequence, Mapping]


class Use(NamedTuple):
    """A node at one of its places: where it is written, or where an alias names it."""

    node: Node
    place: Position


def compose(text: str, *, aliases: bool = True) -> Use | None:
    """Return the one document of the text, None when there is none.

    Raises:
        TextRefused: not YAML, more than one document, a tag, an alias without an anchor or where none are taken, or
            nested too deep.
    """
    composer = _Composer(_events(text), aliases)
    try:
        return composer.document()
    except yaml.MarkedYAMLError as error:
        raise TextRefused("malformed_text", str(error.problem), _place(error.problem_mark)) from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise TextRefused("malformed_text", _first_line(error), _place(None)) from error


def _events(text: str) -> Iterator[Event]:
    # libyaml makes the events of 1,000 nodes in 0.02 s, the scanner in Python takes 0.2 s.
    events: Iterator[Event] = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return events


class _Composer:
    def __init__(self, events: Iterator[Event], aliases: bool) -> None:
        self._events = events
        self._takes_aliases = aliases
        self._anchors: dict[str, Node] = {}

    def document(self) -> Use | None:
        root: Use | None = None
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                if root is not None:
                    raise TextRefused("malformed_text", "a second document begins here", _place(event.start_mark))
                root = self._use(next(self._events), 0)
            elif isinstance(event, StreamEndEvent):
                break
        return root

    def _use(self, event: Event, depth: int) -> Use:
        place = _place(event.start_mark)
        if isinstance(event, AliasEvent):
            return Use(self._anchored(event, place), place)
        if not isinstance(event, _VALUES):
            raise TypeError(f"unexpected YAML event {event!r}")
        if depth > MAX_DEPTH:
            raise TextRefused("too_large", f"nested deeper than {MAX_DEPTH} levels", place)
        if event.tag not in _NEUTRAL_TAGS:
            raise TextRefused("tag_refused", f"the tag {event.tag!r} is not allowed, values are plain data", place)
        node = self._node(event, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return Use(node, place)

    def _anchored(self, event: AliasEvent, place: Position) -> Node:
        if not self._takes_aliases:
            raise TextRefused("malformed_text", "it holds an alias; write the value out", place)
        # An anchor is known only when its node is complete, so a node cannot hold itself.
        if event.anchor not in self._anchors:
            raise TextRefused("malformed_text", f"no anchor &{event.anchor} is complete before this alias", place)
        return self._anchors[event.anchor]

    def _node(self, event: ScalarEvent | CollectionStartEvent, depth: int) -> Node:
        if isinstance(event, ScalarEvent):
            plain = not event.style and event.tag not in _TEXT_TAGS
            return Scalar(event.value, plain, literal=event.style == "|")
        if isinstance(event, SequenceStartEvent):
            return Sequence([self._use(item, depth + 1) for item in self._until(SequenceEndEvent)])
        return Mapping([self._pair(key, depth + 1) for key in self._until(MappingEndEvent)])

    def _pair(self, key: Event, depth: int) -> tuple[Use, Use]:
        return self._use(key, depth), self._use(next(self._events), depth)

    def _until(self, end: type[Event]) -> Iterator[Event]:
        for event in self._events:
            if isinstance(event, end):
                return
            yield event


def _place(mark: Any) -> Position:
    return Position(mark.line + 1, mark.column + 1) if mark is not None else Position(1, 1)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
