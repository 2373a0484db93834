"""Flow: remove what is older than the rules of retention allow."""

import time
from datetime import UTC, datetime
from typing import Any

from prefect import flow

from repomill.retention import cutoff
from tasks.flow_runs import rename_flow_run
from tasks.load_services import flow_services
from tasks.old_flow_runs import old_flow_runs
from tasks.retention import RetentionRun
from tasks.retention_reports import RetentionReport, report_retention
from tasks.steps import as_task


@flow(name="apply-retention")
async def apply_retention(dry_run: bool = False, minutes: float = 60, acting_user: str = "default") -> dict[str, Any]:
    """Archive old trees and remove what is older than the rules allow; pins and legal holds stay.

    Args:
        dry_run: Only say what would go, and how many bytes.
        minutes: When to stop after the batch at hand; the next run goes on.
        acting_user: Name of the user on whose behalf it runs.
    """
    async with flow_services(acting_user) as services:
        await rename_flow_run("plan retention" if dry_run else "apply retention")
        now, end, report = datetime.now(UTC), time.monotonic() + 60 * minutes, RetentionReport()
        run = RetentionRun(services, now, dry_run, stop=lambda: time.monotonic() > end)

        async def walk() -> None:
            async for removal in run.walk():
                report.add(removal)

        await (await as_task("Plan" if dry_run else "Remove", walk)).aresult()
        rules = await services.database.run(services.scope, lambda work: work.retention_marks.rules(), read_only=True)
        before = cutoff(now, rules.flow_runs_days)
        flow_runs = 0 if before is None else await old_flow_runs(before, delete=not dry_run)
        await report_retention(report, run, flow_runs)
        return {"dry_run": dry_run, "bytes": report.total(), "flow_runs": flow_runs, "steps": report.sums()}
