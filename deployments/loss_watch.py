"""Looks for executions whose process is gone, and starts the flow that goes on with them.

`python -m deployments.loss_watch` with PREFECT_API_URL set. A look is one query. With a schedule, as other Prefect
servers have it, each look is a process that imports Prefect for 3 s and a row among the runs that people look at.
"""

import logging
import os
import time
from datetime import UTC, datetime

import httpx

from deployments._probe import is_healthy
from deployments.environment import RECOVER
from repomill.errors import DatabaseOutdated, DatabaseUnavailable
from repomill.settings import Settings
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from tasks.ownership import LEASE, is_dead

LOOK_EVERY = 10.0
REST = 45.0
"""Seconds after a start: what waits for its second restart is looked at again, but not all the time."""

logger = logging.getLogger("repomill.loss_watch")


def look(database: Database, api: httpx.Client) -> int:
    """Return how many executions were found without a process; recovery was started when there are any.

    Raises:
        DatabaseUnavailable, DatabaseOutdated: nothing could be found out.
        httpx.HTTPError: recovery could not be started.
    """
    with database.transaction(DEFAULT_SCOPE, read_only=True) as work:
        lost = len(work.orphans.list(datetime.now(UTC), LEASE, is_dead))
    if lost:
        deployment = api.get(f"/deployments/name/{RECOVER}").raise_for_status().json()
        api.post(f"/deployments/{deployment['id']}/create_flow_run", json={}).raise_for_status()
    return lost


def main() -> None:
    """Wait for the API, then look every few seconds, whatever fails, until SIGTERM."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    url = os.environ["PREFECT_API_URL"]
    while not is_healthy(f"{url}/health"):
        time.sleep(1)
    database = Database(Settings().effective_database_url(), threads=1)
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as api:
        while True:
            time.sleep(LOOK_EVERY)
            try:
                if look(database, api):
                    time.sleep(REST - LOOK_EVERY)
            except (DatabaseUnavailable, DatabaseOutdated, httpx.HTTPError) as error:
                logger.warning("%s: %s", type(error).__name__, error)


if __name__ == "__main__":
    main()
