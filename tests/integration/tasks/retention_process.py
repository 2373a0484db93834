"""Retention in a process of its own, which a test may kill: `python -m … SETTINGS [KILL]`, the settings as JSON.

With KILL it kills itself before that write or removal of an object, whichever is counted first.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from repomill.settings import Settings
from tasks.retention import RetentionRun
from tasks.services import Services
from tests.fakes.aged_projects import NOW
from tests.fakes.watched_store import watched


async def main(settings: Mapping[str, Any], kill_at: int) -> None:
    left = kill_at

    def count(operation: str, *others: object) -> None:
        nonlocal left
        left -= operation in {"put_file", "erase"}
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    opened = Services.from_settings(Settings(**settings))
    services = replace(opened, store=watched(opened.store, count))
    async for removal in RetentionRun(services, NOW, dry_run=False).walk():
        assert removal.step
    await services.aclose()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else -1))
