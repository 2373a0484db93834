"""What a run that failed leaves for people, whatever is the matter with what shows it."""

import asyncio
import logging
from types import SimpleNamespace
from typing import cast

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from repomill.errors import Cancelled, ExpressionFailed
from tasks.failure_reports import failure_report
from tasks.open_execution import open_execution
from tasks.reports import summary
from tasks.run_graph import run_graph
from tasks.run_picture import instances
from tasks.run_state import Run
from tasks.services import Services
from tests.fakes.plain_task_runs import PlainTaskRuns
from tests.fakes.walks import Count, admit_document, document

SPEC = document(
    """
    - {id: well, type: input}
    - {id: bad, type: input, config: {values: {x: "{{ inputs.missing }}"}}}
    - {id: after, type: input}
    """,
    "[{from: well, to: bad}, {from: bad, to: after}]",
)
NOBODY = "http://127.0.0.1:9/api"


async def failing(services: Services, runs: list[Run]) -> None:
    async def store_tree() -> None:
        raise AssertionError("nothing is published")

    execution = await admit_document(services, SPEC)
    async with failure_report() as shown, open_execution(services, "", {}, execution, None) as run:
        shown.run, run.task_runs = run, PlainTaskRuns()
        runs.append(run)
        await run_graph(run, store_tree, Count())


async def test_the_summary_of_a_failed_run_has_its_error_and_the_state_of_every_node(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody takes it here: that costs a warning, and the run's own error goes on."""
    logging.getLogger("prefect").propagate = True
    runs: list[Run] = []
    nobody, told = temporary_settings({PREFECT_API_URL: NOBODY}), caplog.at_level(logging.WARNING)
    with nobody, told, pytest.raises(ExpressionFailed) as caught:
        await failing(services, runs)
    assert "the summary was not shown" in caplog.text
    facts = runs[0].facts
    ended = await services.database.run(services.scope, lambda work: instances(work, facts.id, facts.root_id))
    text = summary(runs[0], ended, caught.value)
    assert "ended with `expression_failed` at node `bad`:" in text
    assert f"`repomill execution resume {facts.id}`" in text
    assert all(state in text.partition("```mermaid")[2] for state in ("completed", "failed", "cancelled"))


async def ending(error: Exception) -> None:
    """End with this error a run of which nothing can be asked any more."""
    async with failure_report() as shown:
        shown.run = cast("Run", object())
        raise error


async def test_what_the_summary_fails_with_hides_no_error(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("prefect").propagate = True
    with caplog.at_level(logging.WARNING), pytest.raises(LookupError, match="mine"):
        await ending(LookupError("mine"))
    assert "the summary was not shown" in caplog.text


async def test_a_cancel_while_the_summary_is_left_hides_no_error() -> None:
    asked = asyncio.Event()

    class Hanging:
        async def run(self, *_: object, **__: object) -> None:
            asked.set()
            await asyncio.Event().wait()

    run = SimpleNamespace(
        facts=SimpleNamespace(project_name="a"), services=SimpleNamespace(database=Hanging(), scope=None)
    )

    async def fail() -> None:
        async with failure_report() as shown:
            shown.run = cast("Run", run)
            raise LookupError("mine")

    failing = asyncio.create_task(fail())
    await asked.wait()
    failing.cancel()
    with pytest.raises(LookupError, match="mine"):
        await failing


async def test_a_cancelled_run_is_not_kept_waiting_for_its_summary(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("prefect").propagate = True
    with caplog.at_level(logging.WARNING), pytest.raises(Cancelled):
        await ending(Cancelled())
    assert caplog.text == ""
