"""One step on the way of a large tree: `python -m benchmarks.memory_steps STEP FOLDER`, for `benchmarks.memory`."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks.commits import fresh_remote
from benchmarks.generation import specification, with_services
from repomill.publishing.targets import ArchiveTarget, GitTarget
from tasks.admission import Admission, admit
from tasks.intake import store_workflow
from tasks.publish import publish_to
from tasks.services import Services
from tasks.stored_trees import check_out, read_file

NAME = "memory"
DOWNLOAD = "tar.gz"

Step = Callable[[Services, Path], Awaitable[object]]


async def intake(services: Services, folder: Path) -> None:
    path = folder / "workflow.json"
    path.write_text(json.dumps(specification(NAME)))
    await store_workflow(services, path)


async def generate(services: Services, folder: Path) -> None:
    from flows.generate_project import generate_project

    del folder
    execution = await admit(services, Admission(NAME))
    await generate_project(str(execution.workflow_version_id), {}, execution.id)


def archive(format_name: str) -> Step:
    async def write(services: Services, folder: Path) -> None:
        await publish_to(services, "latest", ArchiveTarget(format_name, folder / f"archive.{format_name}"), None)

    return write


async def push(services: Services, folder: Path) -> None:
    remote = folder / "remote.git"
    await asyncio.to_thread(fresh_remote, remote)
    await publish_to(services, "latest", GitTarget(remote.as_uri()), None)


async def checkout(services: Services, folder: Path) -> None:
    await check_out(services, "latest", folder / "checkout")


async def read(services: Services, folder: Path) -> None:
    del folder
    assert await read_file(services, "latest", "p0/m9900.md")


STEPS: dict[str, Step] = {
    "intake": intake,
    "generate": generate,
    **{f"archive-{name}": archive(name) for name in ("zip", "tar", "tar.gz", "tar.zst")},
    "push": push,
    "checkout": checkout,
    "read": read,
    "download": archive(DOWNLOAD),
}


if __name__ == "__main__":
    asyncio.run(with_services(lambda services: STEPS[sys.argv[1]](services, Path(sys.argv[2]))))
