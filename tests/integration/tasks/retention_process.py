"""Retention in a process of its own, which a test may kill: `python -m … HOME [KILL]`.

With KILL it kills itself at that removal or that deletion of an object, whichever is counted first.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from repomill.settings import Settings
from storage.artifacts.local import LocalDirectoryStore
from tasks.retention import RetentionRun
from tasks.services import Services
from tests.fakes.aged_projects import NOW


class DyingStore(LocalDirectoryStore):
    """A store whose process is killed before the n-th write or removal of an object."""

    left = 0

    async def put_file(self, key: str, path: Path) -> None:
        self._count()
        await super().put_file(key, path)

    async def erase(self, key: str) -> bool:
        self._count()
        return await super().erase(key)

    def _count(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


async def main(home: Path, kill_at: int) -> None:
    services = Services.from_settings(Settings(home=home, database_url="", artifacts_url=""))
    store = DyingStore(home / "artifacts")
    store.left = kill_at
    services = Services(services.database, store, services.scope, "", services.max_file_size)
    async for removal in RetentionRun(services, NOW, dry_run=False).walk():
        assert removal.step
    await services.aclose()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
