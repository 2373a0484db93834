"""What calls cost: by project, workflow, model, source or day."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from repomill.calls.budget import plain
from storage.database.repositories.call_reads import CallCost
from tasks.services import Services


class CostKey(StrEnum):
    """What costs are summed up by."""

    PROJECT = "project"
    WORKFLOW = "workflow"
    MODEL = "model"
    SOURCE = "source"
    DAY = "day"


async def costs(services: Services, by: Sequence[CostKey], since: datetime | None = None) -> list[dict[str, Any]]:
    """Return one row for each combination of keys, the dearest first; `unpriced` counts calls without a known price."""
    made = await services.database.run(services.scope, lambda work: work.calls.costs(since), read_only=True)
    return _table(made, [key.value for key in by]) if made else []


def _table(made: Sequence[CallCost], by: list[str]) -> list[dict[str, Any]]:
    import pandas as pd  # half a second and more: only who asks for costs waits for it

    frame = pd.DataFrame([_row(call) for call in made])
    columns = ["calls", "input_tokens", "output_tokens", "unpriced", "cost_usd"]
    sums = frame.groupby(by, sort=True)[columns].sum().reset_index()  # Decimals are summed as they are, exactly
    ordered = sums.sort_values(["cost_usd", *by], ascending=[False, *(True for _ in by)], kind="stable")
    return [_plain(row) for row in ordered.to_dict("records")]


def _row(call: CallCost) -> dict[str, Any]:
    return {
        "project": call.project,
        "workflow": call.workflow,
        "model": call.model or call.kind,
        "source": call.source,
        "day": call.at.astimezone(UTC).date().isoformat(),
        "calls": call.sends,
        "input_tokens": call.input_tokens,
        "output_tokens": call.output_tokens,
        "unpriced": int(call.cost is None),
        "cost_usd": call.cost or Decimal(0),
    }


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    """Pandas gives integers of its own, which JSON does not know."""
    return {str(name): _plain_value(value) for name, value in row.items()}


def _plain_value(value: Any) -> str | int | Decimal:
    if isinstance(value, Decimal):
        return plain(value)
    return value if isinstance(value, str) else int(value)
