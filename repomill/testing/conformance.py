"""The rules, and the checks they make of a kind and its cases."""

from typing import Any

from repomill.nodes.base import NodeKind
from repomill.testing import _declared, _running, _stopping
from repomill.testing.cases import Case
from repomill.testing.checks import Check, Rule

RULES: tuple[Rule, ...] = (*_declared.RULES, *_running.RULES, *_stopping.RULES)


def conformance(kind: NodeKind[Any], *cases: Case) -> list[Check]:
    """Return the checks of every rule in every case.

    Raises:
        ValueError: no case was given: there would be nothing to run.
    """
    if not cases:
        raise ValueError(f"give at least one case of {kind.name!r}")
    return [Check(kind, case, rule) for case in cases for rule in RULES]
