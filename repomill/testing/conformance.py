"""The rules, and the checks they make of a node kind in its cases, and of a tool."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from repomill.canonical import Json
from repomill.nodes.base import NodeKind
from repomill.testing import _declared, _running, _stopping, _tools
from repomill.testing.cases import Case
from repomill.testing.checks import Check, title
from repomill.tools.base import Tool

NODE_RULES = (*_declared.RULES, *_running.RULES, *_stopping.RULES)


def conformance(kind: NodeKind[Any], *cases: Case) -> list[Check]:
    """Return the checks of every rule in every case.

    Raises:
        ValueError: no case was given: there would be nothing to run.
    """
    if not cases:
        raise ValueError(f"give at least one case of {kind.name!r}")
    return [Check(title(case, rule), partial(rule, kind, case)) for case in cases for rule in NODE_RULES]


def tool_conformance(tool: Tool[Any], *arguments: Mapping[str, Json], secrets: tuple[str, ...] = ()) -> list[Check]:
    """Return the checks of every rule, with arguments as a model passes them.

    `secrets` are what the tool knows and nobody may read: not in an answer, an error or a log.

    Raises:
        ValueError: no arguments were given: there would be nothing to run.
    """
    if not arguments:
        raise ValueError(f"give at least one example of arguments of {tool.name!r}")
    examples = enumerate(arguments, 1)
    return [
        Check(title(f"example {number}", rule), partial(rule, tool, _tools.Example(example, secrets)))
        for number, example in examples
        for rule in _tools.RULES
    ]
