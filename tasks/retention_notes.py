"""A run of retention in words and rows."""

from collections.abc import Iterable
from typing import Any

from tasks.markdown import human_size
from tasks.retention import Removal, RetentionRun


def removal_rows(removals: Iterable[Removal]) -> list[dict[str, Any]]:
    """Return removals as rows of a table."""
    return [
        {
            "step": removal.step,
            "project": removal.project,
            "id": removal.id,
            "since": removal.since,
            "objects": len(removal.objects),
            "bytes": removal.bytes,
            "rows": removal.rows,
        }
        for removal in removals
    ]


def notes(run: RetentionRun) -> list[str]:
    """Say what a person should know besides what went."""
    found = [f"The pack of project {each} is gone, so it was not archived." for each in run.missing]
    if run.cold_bytes:
        found.append(f"Archived trees take {human_size(run.cold_bytes)} now.")
    if run.swept.unsure:
        found.append(f"Of {run.swept.unsure} objects the store does not tell whether older versions are left.")
    if run.stopped:
        found.append("The time was up; the next run goes on.")
    return found
