"""A YAML node graph as plain data: aliases and merge keys expanded within bounds, places kept by JSON pointer."""

from collections.abc import Iterator

from repomill.canonical import Json
from repomill.workflow._yaml_nodes import MAX_DEPTH, Mapping, Node, Scalar, Sequence, TextRefused, Use
from repomill.workflow._yaml_scalars import scalar_value
from repomill.workflow.faults import Finding
from repomill.workflow.pointers import ROOT, child
from repomill.workflow.positions import Position, Positions

MAX_VALUES = 250_000
MAX_CHARACTERS = 16_000_000
"""Bounds after expansion: a few aliases can stand for billions of values ("billion laughs")."""

Member = tuple[str, Position, Use]


class Expansion:
    """Expands one document; `findings` are faults that need not stop the reading."""

    def __init__(self, positions: Positions) -> None:
        self.findings: list[Finding] = []
        self._positions = positions
        self._values_left = MAX_VALUES
        self._characters_left = MAX_CHARACTERS

    def value(self, use: Use, pointer: str = ROOT, depth: int = 0) -> Json:
        """Return the data below a node and note the place of each value.

        Raises:
            TextRefused: the expanded document would be too large or too deep.
        """
        self._spend(use, depth)
        self._positions.values[pointer] = use.place
        if isinstance(use.node, Scalar):
            return self._scalar(use.node, pointer)
        if isinstance(use.node, Sequence):
            items = enumerate(use.node.items)
            return [self.value(item, child(pointer, index), depth + 1) for index, item in items]
        return self._object(use.node, pointer, depth)

    def _spend(self, use: Use, depth: int = 0) -> None:
        self._values_left -= 1
        self._characters_left -= len(use.node.text) if isinstance(use.node, Scalar) else 0
        if self._values_left < 0 or self._characters_left < 0:
            raise TextRefused("too_large", "the document is too large once its aliases are expanded", use.place)
        if depth > MAX_DEPTH:
            raise TextRefused("too_large", f"nested deeper than {MAX_DEPTH} levels", use.place)

    def _scalar(self, node: Scalar, pointer: str) -> Json:
        if node.literal:
            self._positions.literals.add(pointer)
        if not node.plain:
            return node.text
        try:
            return scalar_value(node.text)
        except ValueError as error:
            self.findings.append(Finding("bad_number", pointer, str(error)))
            return 0

    def _object(self, node: Mapping, pointer: str, depth: int) -> Json:
        result: dict[str, Json] = {}
        for key, place, use in self._own(node, pointer):
            here = child(pointer, key)
            self._positions.keys[here] = place
            if key in result:
                self.findings.append(Finding("duplicate_key", here, f"the key {key!r} stands twice", at_key=True))
            else:
                result[key] = self.value(use, here, depth + 1)
        for key, place, use in self._merged(node, pointer, depth):
            if key not in result:
                here = child(pointer, key)
                self._positions.keys[here] = place
                result[key] = self.value(use, here, depth + 1)
        return result

    def _own(self, node: Mapping, pointer: str) -> Iterator[Member]:
        for key, use in node.pairs:
            if _is_merge(key.node):
                continue
            if isinstance(key.node, Scalar):
                self._spend(key)
                yield key.node.text, key.place, use
            else:
                self.findings.append(Finding("key_not_text", pointer, "a key must be text"))

    def _merged(self, node: Mapping, pointer: str, depth: int) -> Iterator[Member]:
        for key, use in node.pairs:
            if not _is_merge(key.node):
                continue
            for part in use.node.items if isinstance(use.node, Sequence) else (use,):
                self._spend(part, depth)
                if not isinstance(part.node, Mapping):
                    raise TextRefused("malformed_text", "'<<' takes an object or a list of objects", use.place)
                yield from self._own(part.node, pointer)
                yield from self._merged(part.node, pointer, depth + 1)


def _is_merge(node: Node) -> bool:
    return isinstance(node, Scalar) and node.plain and node.text == "<<"
