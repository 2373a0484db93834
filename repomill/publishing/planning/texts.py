"""Plans for people: as text for a terminal, as Markdown for a page."""

import re
from collections.abc import Iterator, Mapping
from itertools import islice

from repomill.publishing.planning.plan import ChangeKind, ExportMode, FileChange, Plan

MOST_ROWS = 500
"""Changes that are listed one by one; `to_json` has all."""

_SIGNS: Mapping[ChangeKind, str] = {
    ChangeKind.ADD: "+",
    ChangeKind.CHANGE: "~",
    ChangeKind.DELETE: "-",
    ChangeKind.MOVE: ">",
}
_WORDS = {"add": "added", "change": "changed", "delete": "deleted", "move": "moved", "conflict": "in conflict"}
_ESCAPED = str.maketrans({"|": "\\|", "`": "'", "\n": " ", "<": "&lt;"})


def plan_text(plan: Plan) -> str:
    """Return a plan for a terminal, the diff last."""
    return "\n".join(_text_lines(plan)) + "\n"


def plan_markdown(plan: Plan) -> str:
    """Return a plan as Markdown with tables, the diff folded into a code block."""
    return "\n".join(_markdown_lines(plan)) + "\n"


def _text_lines(plan: Plan) -> Iterator[str]:
    yield f"Plan {plan.digest}"
    yield f"{_onto(plan)} branch {plan.branch} of {plan.url}" + (f", on top of {plan.head}" if plan.head else "")
    for change in plan.changes[:MOST_ROWS]:
        yield f"  {_SIGNS[change.kind]} {_where(change)}  {_lines(change)}".rstrip()
    if len(plan.changes) > MOST_ROWS:
        yield f"  and {len(plan.changes) - MOST_ROWS} more"
    for conflict in plan.conflicts:
        yield f"  ! {conflict.path}: {conflict.sentence()}"
    yield summary(plan)
    if plan.diff:
        yield ""
        yield plan.diff.rstrip("\n")
    if plan.diff_left_out and plan.diff:
        yield f"The diff leaves out {len(plan.diff_left_out)} files."


def _markdown_lines(plan: Plan) -> Iterator[str]:
    yield f"**{summary(plan)}**\n"
    on_top = f", on top of `{plan.head}`" if plan.head else ""
    yield f"{_onto(plan)} branch `{_escaped(plan.branch)}` of {plan.url}{on_top}."
    yield f"Plan `{plan.digest}`.\n"
    if plan.changes:
        yield "| | file | lines |\n|---|---|---|"
    for change in plan.changes[:MOST_ROWS]:
        yield f"| {change.kind.value} | {_escaped(_where(change))} | {_lines(change)} |"
    if len(plan.changes) > MOST_ROWS:
        yield f"| | and {len(plan.changes) - MOST_ROWS} more | |"
    if plan.conflicts:
        yield "\n" + conflict_table(plan)
    if plan.diff:
        fence = _fence(plan.diff)
        yield f"\n{fence}diff\n{plan.diff.rstrip()}\n{fence}"


def conflict_table(plan: Plan) -> str:
    """Return the conflicts as a Markdown table, for the body of a pull request too."""
    rows = (f"| {_escaped(conflict.path)} | {conflict.sentence()} |" for conflict in islice(plan.conflicts, MOST_ROWS))
    return "\n".join(["| file | the generation and the repository disagree |", "|---|---|", *rows])


def summary(plan: Plan) -> str:
    """Return the counts as one sentence."""
    told = [f"{count} {_WORDS.get(name, name)}" for name, count in plan.counts.items() if count and name != "unchanged"]
    return f"{', '.join(told) or 'no change'}; {plan.counts['unchanged']} unchanged."


def _onto(plan: Plan) -> str:
    if plan.expected is None:
        return "Makes"
    return "Merges into" if plan.mode is ExportMode.MERGE else "Replaces what is on"


def _where(change: FileChange) -> str:
    return f"{change.moved_from} -> {change.path}" if change.moved_from else change.path


def _lines(change: FileChange) -> str:
    size = "binary" if change.binary else f"+{change.added} -{change.removed}"
    return f"{size} protected" if change.protected else size


def _escaped(text: str) -> str:
    return text.translate(_ESCAPED)


def _fence(text: str) -> str:
    """Return a fence that no line of the text can close."""
    return "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
