"""Steps around the nodes, each as one Prefect task, so that a person sees them in the run's graph."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.tasks import Task
from prefect.utilities.annotations import opaque

from tasks.reports import report_tree
from tasks.run_state import PROJECT_STEP, TREE_STEP, Run
from tasks.tree_steps import assemble_tree, record_project

T = TypeVar("T")


async def store_tree(run: Run) -> None:
    """Make the generated project out of what the nodes wrote; a workflow that writes no files has none."""
    if not run.plan.writers:
        return
    assembled = await _step(run, TREE_STEP, run.plan.writers, lambda: assemble_tree(run))
    run.project = await _step(run, PROJECT_STEP, (TREE_STEP,), lambda: record_project(run, assembled))
    run.findings = assembled.verdict.findings
    run.paths = [file.entry.path for file in assembled.files]
    await report_tree(run.project, assembled.files)


def once(step: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """Return a function that runs the step for the first caller and lets all others wait for that one."""
    started: list[asyncio.Task[None]] = []

    async def run_step() -> None:
        await step()

    async def call() -> None:
        if not started:
            started.append(asyncio.create_task(run_step()))
        await started[0]

    return call


async def as_task(name: str, work: Callable[[], Awaitable[T]], after: Iterable[object] = ()) -> State[T]:
    """Run the work as a Prefect task without parameters: what it works on is too much to show."""
    title = name.replace("{", "(").replace("}", ")")  # braces would be taken for parameters of the task

    async def step() -> T:
        return await work()

    task = Task(step, name=name, task_run_name=title, persist_result=False, cache_policy=NO_CACHE)
    running: Any = task(return_state=True, wait_for=list(after))
    state: State[T] = await running
    return state


async def _step(run: Run, name: str, before: Iterable[str], work: Callable[[], Awaitable[T]]) -> T:
    after = [run.states[other] for other in before if other in run.states]
    state = await as_task(name, work, after)
    run.states[name] = opaque(state)
    return await state.aresult()
