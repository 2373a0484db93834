"""Prefect's own records of flow runs that ended long ago."""

from datetime import datetime

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterEndTime, FlowRunFilterTags
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound

BATCH = 200
TAG = "repomill"


async def old_flow_runs(before: datetime, *, delete: bool) -> int:
    """Count flow runs of Repomill's deployments that ended before an instant, and delete them if asked to.

    Those of other applications on the same server have other tags.
    """
    mine = FlowRunFilter(tags=FlowRunFilterTags(all_=[TAG]), end_time=FlowRunFilterEndTime(before_=before))
    total = 0
    async with get_client() as client:
        while True:
            found = await client.read_flow_runs(
                flow_run_filter=mine,
                sort=FlowRunSort.END_TIME_DESC,
                limit=BATCH,
                offset=0 if delete else total,
            )
            for run in found if delete else []:
                try:
                    await client.delete_flow_run(run.id)
                except ObjectNotFound:  # somebody else was quicker
                    continue
            total += len(found)
            if len(found) < BATCH:
                return total
