"""Flow: say what was used."""

from datetime import UTC, datetime
from typing import Any

from prefect import flow

from tasks.flow_runs import rename_flow_run
from tasks.load_services import flow_services
from tasks.usage import usage
from tasks.usage_reports import show_usage, store_usage


@flow(name="report-usage")
async def report_usage(days: int = 7, acting_user: str = "default") -> dict[str, Any]:
    """Add up runs, calls and storage of the last days, and leave a page with charts, tables and files.

    Args:
        days: How many days, the present one included; 1 to 366.
        acting_user: Name of the user on whose behalf it runs.
    """
    async with flow_services(acting_user) as services:
        report = await usage(services, datetime.now(UTC), min(max(days, 1), 366))
        await rename_flow_run(f"usage {report.first} to {report.last}")
        keys = await store_usage(services, report)
        await show_usage(services, report, keys)
        return {"runs": report.total("runs"), "cost_usd": str(report.total("cost_usd")), "files": keys}
