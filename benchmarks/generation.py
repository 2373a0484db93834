"""A run from its start to the stored project, against Copier on the same files.

Ours is the flow `generate-project` in this process, on the embedded default: rendering, fragment, pack, policy scan
with nothing remembered, a row for each file, reports. Not counted is what happens once: starting the Prefect server,
imports, and storing the workflow. Copier is called in this process too; it writes files into a folder and no more.
"""

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from benchmarks.rendering import SCOPE, copy, make_folder, write

if TYPE_CHECKING:
    from tasks.services import Services

FILES = 10_000
T = TypeVar("T")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="rm-") as name, embedded(Path(name) / "home"):
        folder = Path(name)
        compare(folder / "warm", 10, 20, quiet=True)
        compare(folder / "few", 500, FILES)
        compare(folder / "all", FILES, FILES)


def compare(folder: Path, templates: int, files: int, *, quiet: bool = False) -> None:
    made = make_folder(templates, files)
    generate = generation(write(made, folder / "template", ".j2").parent)
    ours = seconds(generate)
    source = write(made, folder / "copier")
    peer = seconds(lambda: copy(source, folder / "out"))
    if not quiet:
        what = f"generate {files} files, {templates} templates"
        print(f"{what:<44} {ours:7.3f} s   {'copier copy':<32} {peer:7.3f} s   {peer / ours:.1f} times as fast")


@contextmanager
def embedded(home: Path) -> Iterator[None]:
    """Start the embedded stack for a home of its own, and stop it afterwards."""
    os.environ |= {"REPOMILL_HOME": str(home), "PREFECT_LOGGING_LEVEL": "CRITICAL"}
    from deployments import bootstrap, stack
    from repomill.settings import Settings

    settings = Settings(home=home)
    started = stack.ensure_stack(settings)
    try:
        stack.apply(started)
        bootstrap.ensure_bootstrapped(settings, started, lambda _: None)
        yield
    finally:
        stack.stop(settings)


def generation(folder: Path) -> Callable[[], object]:
    """Store a workflow of one node that renders `template`, and return what runs it."""
    from flows.generate_project import generate_project
    from tasks.admission import Admission, admit

    path = folder / "workflow.json"
    path.write_text(json.dumps(specification(folder.name)))
    execution = asyncio.run(with_services(lambda services: admit(services, Admission(str(path)))))
    version, identity = str(execution.workflow_version_id), execution.id
    return lambda: asyncio.run(generate_project(version, {}, identity))


async def with_services(work: "Callable[[Services], Awaitable[T]]") -> T:
    """Do work on what the settings name."""
    from repomill.settings import Settings
    from tasks.services import Services

    services = Services.from_settings(Settings())
    try:
        return await work(services)
    finally:
        await services.aclose()


def specification(name: str) -> dict[str, object]:
    node = {"id": "pages", "type": "file_generation", "config": {"template": "template", "values": SCOPE}}
    return {"apiVersion": "repomill/v1", "name": name, "nodes": [node]}


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
