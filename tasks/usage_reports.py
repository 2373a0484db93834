"""Leave a usage report where people find it: artifacts in the Prefect UI, files in the artefact store."""

from collections.abc import Mapping
from datetime import UTC, datetime, time
from pathlib import PurePosixPath

from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact

from storage.artifacts.keys import report_key
from tasks.costs import CostKey, costs
from tasks.downloads import Download, link_of
from tasks.reports import best_effort
from tasks.services import Services
from tasks.usage import Usage
from tasks.usage_pages import as_csv, as_parquet, costs_table, page, table

PAGE_KEY, TABLE_KEY, COSTS_KEY = "usage", "usage-by-project", "usage-costs"
COSTS_BY = (CostKey.PROJECT, CostKey.WORKFLOW, CostKey.MODEL, CostKey.DAY)


async def store_usage(services: Services, report: Usage) -> dict[str, str]:
    """Write the report's files, over those of the same days; returns their keys by what they are."""
    keys: dict[str, str] = {}
    for what, rows in (("by project", report.by_project), ("by day", report.by_day)):
        for suffix, content in (("csv", as_csv(rows)), ("parquet", as_parquet(rows))):
            name = f"usage-{report.first}-{report.last}-{what.replace(' ', '-')}.{suffix}"
            key = report_key(services.scope.organisation_id, name)
            await services.store.put(key, content)
            keys[f"{what}, {suffix}"] = key
    return keys


async def show_usage(services: Services, report: Usage, keys: Mapping[str, str]) -> None:
    """Leave the page and the tables."""
    links = {what: await link_of(services, key, PurePosixPath(key).name) or Download(key) for what, key in keys.items()}
    description = f"Usage from {report.first} to {report.last}"
    async with best_effort("the usage report"):
        await acreate_markdown_artifact(page(report, links), key=PAGE_KEY, description=description)
        await acreate_table_artifact(table(report), key=TABLE_KEY, description=f"{description}, by project")
        spent = await costs(services, COSTS_BY, datetime.combine(report.first, time(), UTC))
        said = "Costs by project, workflow, model and day"
        await acreate_table_artifact(costs_table(spent), key=COSTS_KEY, description=f"{description}: {said}")
