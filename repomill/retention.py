"""How long what a run leaves is kept."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Days = Annotated[int, Field(ge=0, le=36_500)]


def _days(default: int | None, position: int, title: str, description: str) -> Any:
    return Field(default=default, title=title, description=description, json_schema_extra={"position": position})


class RetentionRules(BaseModel):
    """Ages in days; null keeps for ever.

    A tree is archived `active_days` after it was completed, and its files are removed `archived_days` after that.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    active_days: Days | None = _days(30, 0, "Active", "Until a completed tree is recompressed into the archive.")
    archived_days: Days | None = _days(90, 1, "Archived", "Until an archived tree's files go; its metadata stays.")
    exports_days: Days | None = _days(90, 2, "Exports", "Until the archive of a completed export goes.")
    failed_exports_days: Days | None = _days(30, 3, "Failed exports", "Until a failed or cancelled export is closed.")
    results_days: Days | None = _days(
        30, 4, "Node results", "Until what nodes of an ended run returned and wrote goes."
    )
    calls_days: Days | None = _days(90, 5, "Call payloads", "Until recorded requests and answers of a run go.")
    events_days: Days | None = _days(90, 6, "Events", "Until the events of an ended run go.")
    flow_runs_days: Days | None = _days(
        None, 7, "Flow runs", "Until Prefect's own ended flow runs go; for all projects."
    )
    memories_days: Days | None = _days(
        None, 8, "Memories", "Until a conversation that nobody goes on with is forgotten."
    )

    def with_overrides(self, stated: dict[str, Any] | None) -> "RetentionRules":
        """Return the rules with what a project states of its own."""
        return RetentionRules.model_validate(self.model_dump() | (stated or {}))


def cutoff(now: datetime, days: int | None) -> datetime | None:
    """Return the instant before which something is due, None for never."""
    return None if days is None else now - timedelta(days=days)
