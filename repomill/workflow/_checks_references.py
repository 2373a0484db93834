"""Checks of what nodes refer to besides each other's results: sources, template folders, paths of the tree."""

from collections.abc import Iterator
from itertools import filterfalse
from pathlib import Path

from repomill.errors import UnsafeTree
from repomill.trees.paths import check_paths
from repomill.workflow._config_strings import map_strings
from repomill.workflow._draft import Draft, DraftNode
from repomill.workflow._nearest import did_you_mean
from repomill.workflow.expressions import is_template
from repomill.workflow.faults import Finding


def check_references(draft: Draft) -> Iterator[Finding]:
    """Yield faults of sources, template folders and paths that are known before the run."""
    written: dict[str, DraftNode] = {}
    for node in draft.listed:
        yield from _sources(draft, node)
        if draft.folder is not None:
            yield from _templates(node, draft.folder)
        yield from _paths(node, written)


def _sources(draft: Draft, node: DraftNode) -> Iterator[Finding]:
    if node.kind is None or node.config is None:
        return
    known = draft.table("sources")
    for name in node.kind.sources(node.config):
        if not is_template(name) and name not in known:
            hint = did_you_mean(name, known) or "declare it under 'sources'"
            yield Finding("unknown_source", _where(node, name), f"there is no source {name!r}", hint)


def _templates(node: DraftNode, folder: Path) -> Iterator[Finding]:
    if node.kind is None or node.config is None:
        return
    for name in filterfalse(is_template, node.kind.template_folders(node.config)):
        place = (folder / name).resolve()
        if not place.is_relative_to(folder.resolve()):
            message = f"the template folder {name!r} lies outside {folder}"
            yield Finding("template_outside", _where(node, name), message, "keep templates beside the specification")
        elif not place.is_dir():
            yield Finding("template_missing", _where(node, name), f"there is no folder {name!r} in {folder}")


def _paths(node: DraftNode, written: dict[str, DraftNode]) -> Iterator[Finding]:
    if node.kind is None or node.config is None:
        return
    for path in node.kind.static_paths(node.config):
        first = written.setdefault(path, node)
        if first is not node:
            message = f"{path!r} is written by node {first.id!r} already"
            yield Finding("path_written_twice", _where(node, path), message, "give each node its own paths")
        yield from _unsafe(node, path)


def _unsafe(node: DraftNode, path: str) -> Iterator[Finding]:
    try:
        check_paths([path])
    except UnsafeTree as error:
        for problem in error.problems:
            yield Finding("unsafe_path", _where(node, path), problem.rstrip("."))


def _where(node: DraftNode, name: str) -> str:
    """Return the place of a name a kind spoke of: the string it is, or ends with (`into` stands before a path)."""
    places: list[tuple[int, str]] = [(0, node.config_pointer)]

    def visit(text: str, pointer: str) -> str:
        if text and (name == text or name.endswith(f"/{text}")):
            places.append((len(text), pointer))
        return text

    map_strings(dict(node.raw), visit, (), node.config_pointer)
    return max(places, key=lambda place: place[0])[1]
