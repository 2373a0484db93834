"""What an organisation used in some days: runs, calls and storage, by project and by day."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from storage.database.repositories.call_reads import CallCost
from storage.database.repositories.usage import ExecutionUse, StorageUse
from storage.database.transitions import ExecutionStatus
from storage.database.work import Work
from tasks.services import Services

if TYPE_CHECKING:
    from pandas import DataFrame

COLUMNS = ("runs", "failed", "seconds", "calls", "tokens", "unpriced", "cost_usd")
STORED = ("trees", "files", "size")


@dataclass(frozen=True, slots=True)
class Usage:
    """Rows by project and by day of UTC, and the last day; sizes are in bytes, costs in US dollars.

    `by_project` has what is stored now besides, as storage has no days.
    """

    first: date
    last: date
    by_project: Sequence[Mapping[str, Any]]
    by_day: Sequence[Mapping[str, Any]]

    def total(self, column: str) -> Any:
        """Return the sum of a column over all projects."""
        return sum(row[column] for row in self.by_project)


async def usage(services: Services, now: datetime, days: int) -> Usage:
    """Add up the last whole days and the present one, `days` in all."""
    last = now.astimezone(UTC).date()
    first = last - timedelta(days=days - 1)
    since = datetime(first.year, first.month, first.day, tzinfo=UTC)

    def read(work: Work) -> tuple[Sequence[ExecutionUse], Sequence[CallCost], Sequence[StorageUse]]:
        made = work.usage.executions(since, now + timedelta(seconds=1))
        return made, work.calls.costs(since), work.usage.storage()

    executions, calls, stored = await services.database.run(services.scope, read, read_only=True)
    frame = _frame(executions, calls)
    by_day = _summed(frame, "day", [(first + timedelta(days=n)).isoformat() for n in range(days)])
    projects = sorted({*frame["project"], *(row.project for row in stored)})
    kept = {row.project: asdict(row) for row in stored}
    nothing = dict.fromkeys(STORED, 0)
    by_project = [
        row | {name: kept.get(row["project"], nothing)[name] for name in STORED}
        for row in _summed(frame, "project", projects)
    ]
    return Usage(first, last, by_project, by_day)


def _frame(executions: Sequence[ExecutionUse], calls: Sequence[CallCost]) -> "DataFrame":
    import pandas as pd  # half a second and more: only who asks for a report waits for it

    nothing = dict.fromkeys(COLUMNS, 0) | {"cost_usd": Decimal(0)}  # Decimals are summed as they are, exactly
    rows = [nothing | row for row in (*map(_execution, executions), *map(_call, calls))]
    return pd.DataFrame(rows, columns=["project", "day", *COLUMNS])


def _execution(use: ExecutionUse) -> dict[str, Any]:
    failed = int(use.status is ExecutionStatus.FAILED)
    return _row(use.project, use.at) | {"runs": 1, "failed": failed, "seconds": use.seconds or 0.0}


def _call(call: CallCost) -> dict[str, Any]:
    tokens = call.input_tokens + call.output_tokens
    counts = {"calls": call.sends, "tokens": tokens, "unpriced": int(call.cost is None)}
    return _row(call.project, call.at) | counts | {"cost_usd": call.cost or Decimal(0)}


def _row(project: str, at: datetime) -> dict[str, Any]:
    return {"project": project, "day": at.astimezone(UTC).date().isoformat()}


def _summed(frame: "DataFrame", key: str, values: Sequence[str]) -> list[dict[str, Any]]:
    """Add up by a key, also for values of which there is nothing."""
    sums = {row[key]: row for row in frame.groupby(key)[list(COLUMNS)].sum().reset_index().to_dict("records")}
    return [
        {key: value} | {name: _plain(name, sums.get(value, {}).get(name, 0)) for name in COLUMNS} for value in values
    ]


def _plain(name: str, value: Any) -> Any:
    if name == "cost_usd":
        return Decimal(value)
    return round(float(value), 1) if name == "seconds" else int(value)
