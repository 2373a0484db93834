"""What a person finds of a run of retention in the Prefect UI."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from prefect.artifacts import acreate_table_artifact

from tasks.markdown import human_size
from tasks.reports import best_effort
from tasks.retention import Removal, RetentionRun
from tasks.retention_notes import notes, removal_rows
from tasks.retention_steps import STEPS

LISTED = 1000
"""Longer tables make the page slow; what follows the first rows is summed up."""


@dataclass(slots=True)
class RetentionReport:
    """Sums by step, and the first removals."""

    counts: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    first: list[Removal] = field(default_factory=list)

    def add(self, removal: Removal) -> None:
        """Take note of one."""
        self.counts[removal.step] += 1
        self.bytes[removal.step] += removal.bytes
        self.rows[removal.step] += removal.rows
        if len(self.first) < LISTED:
            self.first.append(removal)

    def sums(self) -> list[dict[str, Any]]:
        """Return a row for each step that did something."""
        return [
            {
                "step": step.name,
                "count": self.counts[step.name],
                "bytes": self.bytes[step.name],
                "rows": self.rows[step.name],
            }
            for step in STEPS
            if self.counts[step.name]
        ]

    def total(self) -> int:
        """Return the bytes that the store gets back."""
        return self.bytes.total()


async def report_retention(report: RetentionReport, run: RetentionRun, flow_runs: int) -> None:
    """Leave tables of the sums and of what went."""
    words = "would go" if run.dry_run else "went"
    said = " ".join([f"{human_size(report.total())} {words}, {flow_runs} flow runs.", *notes(run)])
    rows: Sequence[dict[str, Any]] = [_text(row) for row in removal_rows(report.first)]
    async with best_effort("the report of retention"):
        await acreate_table_artifact([_text(row) for row in report.sums()], key="retention", description=said)
        await acreate_table_artifact(
            list(rows), key="retention-removals", description=f"What {words}, the first {LISTED}"
        )


def _text(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value if isinstance(value, int) else str(value) for name, value in row.items()}
