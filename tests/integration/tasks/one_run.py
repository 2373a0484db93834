"""Store a project in a home of its own and archive it in every format; print what the archives are."""

import asyncio
import hashlib
import os
import sys
from pathlib import Path

from repomill.publishing.exports import ExportTarget
from repomill.settings import Settings
from repomill.trees.archives import ARCHIVE_FORMATS
from repomill.trees.tree import TreeFile
from tasks.publish import publish
from tasks.services import Services
from tests.fakes.stored_projects import store_project

FILES = (
    TreeFile("é/ünï.txt", "Grüße\n".encode() * 500),
    TreeFile("bin/run", b"#!/bin/sh\n", "100755"),
    *(TreeFile(f"src/m{number}.py", f"value = {number}\n".encode() * number) for number in range(40)),
)


async def main(home: Path, backwards: bool) -> None:
    services = Services.from_settings(Settings(home=home, database_url="", artifacts_url=""))
    await services.store.check()
    stored = await store_project(services, home, FILES[::-1] if backwards else FILES)
    for name in ARCHIVE_FORMATS:
        exported = await publish(services, stored.project, ExportTarget(name))
        content = await services.store.get(exported.url)
        sys.stdout.write(f"{name} {hashlib.sha256(content).hexdigest()}\n")
    await services.aclose()


if __name__ == "__main__":
    os.umask(int(sys.argv[2], 8))
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2] == "077"))
