"""Taking an execution up and leaving it, well or not, without an engine around it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from repomill.errors import Cancelled, ExecutionFinished, ExecutionOwned, FileTooLarge, InputsInvalid, OwnershipLost
from storage.database.models import Execution
from storage.database.transitions import ExecutionStatus
from storage.database.work import Work
from tasks import ownership
from tasks.intake import store_workflow
from tasks.node_inputs import prepare
from tasks.open_execution import open_execution
from tasks.services import Services
from tests.fakes.stored_projects import SPEC, admitted, write_spec
from tests.servers.waiting import PATIENCE

pytestmark = pytest.mark.everywhere

TWO = SPEC.replace("nodes:\n", "variables: {shout: '{{ inputs.kind | upper }}'}\nnodes:\n") + (
    "  - {id: last, type: input, config: {values: {shout: '{{ variables.shout }}'}}}\n"
)


async def state(services: Services, execution: Execution) -> tuple[str, list[str], Any]:
    """Return the status, the kinds of the events, and the error's code."""

    def read(work: Any) -> tuple[str, list[str], Any]:
        found = work.executions.get(execution.id)
        kinds = [event.kind for event in work.events.after(execution.id, 0)]
        return found.status.value, kinds, (found.error or {}).get("code")

    return await services.database.run(services.scope, read)


async def wait_inside(services: Services, execution: Execution, meanwhile: Callable[[Work], object]) -> None:
    """Own the execution, let somebody else change it, and wait for what the heartbeat makes of that."""
    async with open_execution(services, "", {}, execution.id, None):
        await services.database.run(services.scope, meanwhile)
        await asyncio.wait_for(asyncio.Event().wait(), PATIENCE)


async def test_an_execution_that_goes_well_is_completed(services: Services, tmp_path: Path) -> None:
    execution = await admitted(services, tmp_path, "cups=2")
    async with open_execution(services, "", {}, execution.id, None) as run:
        assert run.facts.inputs["cups"] == 2
        assert run.plan.order == ("page",)
    assert await state(services, execution) == (
        "completed",
        ["execution.started", "execution.planned", "execution.completed"],
        None,
    )


async def test_an_error_fails_it_and_it_can_be_taken_up_again(services: Services, tmp_path: Path) -> None:
    execution = await admitted(services, tmp_path)
    with pytest.raises(FileTooLarge):
        async with open_execution(services, "", {}, execution.id, None):
            raise FileTooLarge("a", 2, 1)
    assert (await state(services, execution))[::2] == ("failed", "file_too_large")
    async with open_execution(services, "", {}, execution.id, None):
        pass
    assert (await state(services, execution))[::2] == ("completed", None)


async def test_a_cancelled_task_leaves_a_cancelled_execution(services: Services, tmp_path: Path) -> None:
    execution, entered = await admitted(services, tmp_path), asyncio.Event()

    async def work() -> None:
        async with open_execution(services, "", {}, execution.id, None):
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await state(services, execution))[::2] == ("cancelled", "cancelled")


async def test_a_request_to_stop_reaches_the_owner(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "HEARTBEAT", ownership.HEARTBEAT / 100)
    execution = await admitted(services, tmp_path)
    with pytest.raises(Cancelled):
        await wait_inside(services, execution, lambda work: work.executions.request_cancel(execution.id))
    assert (await state(services, execution))[0] == "cancelled"


async def test_an_owner_that_lost_its_execution_stops_and_writes_nothing(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "HEARTBEAT", ownership.HEARTBEAT / 100)
    execution = await admitted(services, tmp_path)
    with pytest.raises(OwnershipLost):
        await wait_inside(
            services, execution, lambda work: work.executions.reconcile(execution.id, ExecutionStatus.FAILED)
        )
    assert (await state(services, execution))[0] == "failed"


async def test_two_processes_never_work_on_one_execution(services: Services, tmp_path: Path) -> None:
    execution = await admitted(services, tmp_path)
    async with open_execution(services, "", {}, execution.id, None):
        with pytest.raises(ExecutionOwned):
            async with open_execution(services, "", {}, execution.id, None):
                pass
    assert (await state(services, execution))[0] == "completed"


async def test_a_completed_execution_is_not_opened_again(services: Services, tmp_path: Path) -> None:
    execution = await admitted(services, tmp_path)
    async with open_execution(services, "", {}, execution.id, None):
        pass
    with pytest.raises(ExecutionFinished):
        async with open_execution(services, "", {}, execution.id, None):
            pass


async def test_without_an_id_a_new_execution_is_made_from_checked_inputs(services: Services, tmp_path: Path) -> None:
    version = await store_workflow(services, write_spec(tmp_path))
    async with open_execution(services, "tea", {"kind": "black"}, None, None) as run:
        assert run.facts.inputs == {"kind": "black", "cups": 1, "server": {}}
    with pytest.raises(InputsInvalid):
        async with open_execution(services, str(version.id), {"kind": "white"}, None, None):
            pass
    found = await services.database.run(services.scope, lambda work: work.executions.list())
    assert [execution.id for execution in found] == [run.facts.id]


async def test_equal_work_has_equal_keys_and_other_inputs_another(services: Services, tmp_path: Path) -> None:
    await store_workflow(services, write_spec(tmp_path, TWO))
    keys: dict[str, list[str]] = {"page": [], "last": []}
    for inputs in ({"kind": "green"}, {"kind": "green", "cups": 1}, {"kind": "green", "cups": 2}, {"kind": "black"}):
        async with open_execution(services, "tea", inputs, None, None) as run:
            for node, found in keys.items():
                found.append((await prepare(run, run.top, node)).key)
            assert (await prepare(run, run.top, "last")).config.model_dump(exclude_defaults=True) == {
                "values": {"shout": str(inputs["kind"]).upper()}
            }
    page, last = keys["page"], keys["last"]
    assert page[0] == page[1] == page[2] != page[3]  # reads the kind only
    assert last[0] == last[1] != last[2] != last[3]  # hands all inputs on
