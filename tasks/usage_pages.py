"""A usage report as a person reads it, and as a program does."""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from decimal import Decimal
from typing import Any

from repomill.calls.budget import plain
from tasks.downloads import Download
from tasks.markdown import code, human_size
from tasks.usage import Usage

SLICES = 8
"""Projects of a pie; what is left is one slice more."""

COLOURS = ("#60a5fa", "#34d399", "#fbbf24", "#f87171", "#a78bfa", "#f472b6", "#2dd4bf", "#a3e635", "#94a3b8")
TEXT = "#94a3b8"
"""Read on dark and on light; the Prefect UI draws charts on dark ground, with letters for light."""

UNITS = {"GB": 1e9, "MB": 1e6, "kB": 1e3, "B": 1.0}


def page(report: Usage, links: Mapping[str, Download]) -> str:
    """Return the report as Markdown with two charts; `links` are files of it by what they are."""
    return "\n".join([*_head(report), *_bars(report), *_pie(report), *_table(report), *_links(links)])


def table(report: Usage) -> list[dict[str, str]]:
    """Return a row for each project, in text, for a table artifact."""
    return [
        {
            "project": str(row["project"]),
            "runs": str(row["runs"]),
            "failed": str(row["failed"]),
            "calls": str(row["calls"]),
            "tokens": f"{row['tokens']:,}",
            "cost USD": _money(row["cost_usd"]),
            "trees": str(row["trees"]),
            "files": f"{row['files']:,}",
            "stored": human_size(row["size"]),
        }
        for row in report.by_project
    ]


def costs_table(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return rows of `tasks.costs` in text, for a table artifact."""
    return [{name: str(value) for name, value in row.items()} for row in rows]


def as_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return rows as CSV; amounts keep all their digits."""
    return bytes(_data_frame(rows).to_csv(index=False, lineterminator="\n").encode())


def as_parquet(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return rows as Parquet; amounts are exact decimals."""
    content = io.BytesIO()
    _data_frame(rows).to_parquet(content, index=False)
    return content.getvalue()


def _data_frame(rows: Sequence[Mapping[str, Any]]) -> Any:
    import pandas as pd  # only who makes a report waits for it

    return pd.DataFrame([dict(row) for row in rows])


def _head(report: Usage) -> Iterator[str]:
    runs, failed, calls = (report.total(name) for name in ("runs", "failed", "calls"))
    yield from (f"# Usage, {report.first} to {report.last}", "")
    yield f"**{runs} runs** ({failed} failed), **{calls} calls** for **{_money(report.total('cost_usd'))} US dollars**,"
    yield f"**{report.total('files'):,} files** of {report.total('trees')} trees stored, "
    yield f"{human_size(report.total('size'))}."
    if report.total("unpriced"):
        yield f"\nOf {report.total('unpriced')} calls no price is known; they are not in the sum."


def _bars(report: Usage) -> Iterator[str]:
    """Draw runs of each day; a month's days are named by their number only, or they would overlap."""
    short = len(report.by_day) > 10  # as many dates as fit side by side
    days = [row["day"][8:] if short else row["day"][5:] for row in report.by_day]
    runs = [row["runs"] for row in report.by_day]
    yield from ("", "## Runs of each day", "", "```mermaid", _theme(), "xychart-beta")
    yield f"    x-axis [{', '.join(_quoted(day) for day in days)}]"
    yield f'    y-axis "runs" 0 --> {max(*runs, 1)}'
    yield from (f"    bar [{', '.join(map(str, runs))}]", "```")


def _pie(report: Usage) -> Iterator[str]:
    kept = sorted((row for row in report.by_project if row["size"]), key=lambda row: -row["size"])
    if not kept:
        return
    slices = [(str(row["project"]), row["size"]) for row in kept[:SLICES]]
    if others := sum(row["size"] for row in kept[SLICES:]):
        slices.append(("others", others))
    unit = next(unit for unit, size in UNITS.items() if slices[0][1] >= size)
    yield from ("", f"## What is stored, in {unit}", "", "```mermaid", _theme(), "pie showData")
    # A slice of nothing is a fault to Mermaid.
    yield from (f"    {_quoted(name)} : {max(size / UNITS[unit], 0.01):.2f}" for name, size in slices)
    yield "```"


def _table(report: Usage) -> Iterator[str]:
    rows = table(report)
    if rows:
        yield from ("", "## By project", "", f"| {' | '.join(rows[0])} |", "|---" * len(rows[0]) + "|")
        yield from (f"| {' | '.join(text.replace('|', chr(92) + '|') for text in row.values())} |" for row in rows)


def _links(links: Mapping[str, Download]) -> Iterator[str]:
    yield from ("", "## As files", "")
    for what, file in links.items():
        place = f"[{what}]({file.url})" if file.url.startswith(("http://", "https://")) else f"{what}: {code(file.url)}"
        yield f"- {place}"
    if ends := [file.ends for file in links.values() if file.ends]:
        yield from ("", f"These links open until {min(ends).astimezone(UTC):%Y-%m-%d %H:%M} UTC.")


def _money(amount: Any) -> str:
    return str(plain(round(Decimal(amount), 4)))


def _theme() -> str:
    """Return the line that gives a chart its colours."""
    axes = {f"{axis}Axis{part}Color": TEXT for axis in "xy" for part in ("Label", "Title", "Tick", "Line")}
    bars = {"backgroundColor": "transparent", "plotColorPalette": COLOURS[0], **axes}
    slices = {f"pie{number}": colour for number, colour in enumerate(COLOURS, 1)}
    words = {"pieLegendTextColor": TEXT, "pieSectionTextColor": "#0f172a", "pieOpacity": "1"}
    theme = {"theme": "base", "themeVariables": {"xyChart": bars, **slices, **words}}
    return f"%%{{init: {json.dumps(theme)}}}%%"


def _quoted(text: str) -> str:
    """Return a label of Mermaid, which knows no escape for a quote."""
    return '"' + " ".join(text.split()).replace('"', "'") + '"'
