"""What a run comes to at most, shown in Prefect before its nodes start."""

from prefect.artifacts import acreate_table_artifact
from prefect.logging import get_run_logger

from tasks.reports import artifact_key, best_effort
from tasks.run_state import Run


async def report_worst_case(run: Run) -> None:
    """Say it in the log of the flow run, and leave a table where something may cost."""
    if run.worst_case is None or not (figures := run.worst_case.facts()):
        return
    said = f"At most {figures['most_model_calls']} calls of models, {figures['most_cost_usd']} US dollars"
    get_run_logger().info("%s: %s.", run.facts.project_name, said)
    if rows := run.worst_case.rows():
        async with best_effort("what the run costs at most"):
            key = artifact_key(run.facts.project_name, "worst case")
            await acreate_table_artifact(rows, key=key, description=said)
