"""Starts the embedded Prefect worker; what takes its time, importing Prefect, happens while the server still starts.

`python -m deployments.warm_worker` with PREFECT_API_URL set. Started cold after the server, the same worker needs
2.5 to 2.9 s until it is online.
"""

import importlib
import os
import sys
import time

from deployments._probe import is_healthy
from deployments.environment import WORK_POOL, WORKER_NAME

LOOK_EVERY = 0.05
COMMAND = ["worker", "start", "--pool", WORK_POOL, "--type", "process", "--name", WORKER_NAME]
USED_BY_WORKER = (
    "prefect.cli.worker",
    "prefect.workers.process",
    "prefect.client.orchestration",
    "prefect.flow_engine",
)


def main() -> None:
    """Import, wait for the API, then be `prefect worker start`."""
    cli = importlib.import_module("prefect.cli")
    for name in USED_BY_WORKER:
        importlib.import_module(name)
    while not is_healthy(f"{os.environ['PREFECT_API_URL']}/health"):
        time.sleep(LOOK_EVERY)
    sys.argv = ["prefect", *COMMAND]
    cli.app()


if __name__ == "__main__":
    main()
