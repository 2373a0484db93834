"""What a person sees of a recovery in the Prefect UI; nothing, where nothing was lost."""

from prefect.artifacts import acreate_table_artifact

from tasks.recovery import Recovery
from tasks.reports import best_effort

KEY = "recovered-executions"


async def report_recovery(recovery: Recovery) -> None:
    """Leave a table of the executions that had no owner any more, and what was done about each."""
    if not recovery.done:
        return
    rows = [
        {"execution": str(execution), "what": fate.value, "flow run": str(recovery.flow_runs.get(execution, ""))}
        for execution, fate in recovery.done.items()
    ]
    async with best_effort("the table of recovered executions"):
        await acreate_table_artifact(rows, key=KEY, description="Executions whose process was gone")
