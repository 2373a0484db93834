"""All that somebody can look at during and after a run: the Prefect API, command lines of processes, files."""

import os
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path

from deployments.environment import WORK_POOL
from tests.e2e.prefect_server import PrefectServer

A_PAGE = 200
"""Rows that the Prefect API gives when nobody says how many."""


def all_shown(stack: PrefectServer, flow_run: str) -> Iterator[tuple[str, str]]:
    """Yield every path of the API that can be read without naming an id, or with this run's, and what it answers."""
    for template, methods in stack.get("/openapi.json")["paths"].items():
        path = template.removeprefix("/api").replace("/flow_runs/{id}", f"/flow_runs/{flow_run}")
        path = path.replace("{work_pool_name}", WORK_POOL)
        if "{" not in path and "get" in methods:
            yield path, stack.send("GET", f"{path}?flow_run_id={flow_run}").text
        elif "{" not in path and path.endswith("/filter"):
            yield from ((path, page) for page in _pages(stack, path, flow_run))
    for task_run in stack.task_runs(flow_run):
        yield "/task_run_states", stack.send("GET", f"/task_run_states/?task_run_id={task_run['id']}").text


def _pages(stack: PrefectServer, path: str, flow_run: str) -> Iterator[str]:
    """Yield what is about a flow run where that can be asked for, and everything where it cannot."""
    only = {"any_": [flow_run]}
    about = {"flow_runs": {"id": only}, "logs": {"flow_run_id": only}, "prefix": ""}
    events = {"any_resource": {"id": [f"prefect.flow-run.{flow_run}"]}}
    answer = stack.send("POST", path, {**about, "filter": events}).raise_for_status()
    yield answer.text
    while isinstance(page := answer.json(), dict) and page.get("next_page"):
        answer = stack.send("GET", page["next_page"]).raise_for_status()
        yield answer.text
    assert isinstance(page, dict) or len(page) < A_PAGE, f"{path} has more than one page"


@contextmanager
def command_lines() -> Iterator[set[str]]:
    """Gather the command lines of all processes that run during the block."""
    seen: set[str] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.01):
            for process in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):  # it has ended
                    seen.add(process.read_text(errors="replace"))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def contents(place: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file below a folder, and what is inside of archives."""
    for folder, _, names in os.walk(place):  # does without folders that went meanwhile
        for path in (Path(folder, name) for name in names):
            try:
                content = path.read_bytes() if path.is_file() else b""
            except FileNotFoundError:  # the stack goes on with its work
                continue
            yield str(path), content
            if zipfile.is_zipfile(BytesIO(content)):
                with zipfile.ZipFile(BytesIO(content)) as archive:
                    yield from ((f"{path}/{name}", archive.read(name)) for name in archive.namelist())
