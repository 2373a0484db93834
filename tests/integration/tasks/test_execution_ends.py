"""Owning an execution and leaving it: outcomes, open nodes and projects, resuming, owners that died."""

import socket
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
import pytest

from repomill.calls.ledger import CallKey, CallKind, CallRequest, Usage
from repomill.canonical import digest
from repomill.errors import ExecutionOwned, FileTooLarge, OwnershipLost, RepomillError
from storage.database.lease import Lease
from storage.database.ledger import SqlCallLedger
from storage.database.transitions import ExecutionStatus
from storage.database.work import Work
from tasks.errors import error_facts
from tasks.finish_execution import finish
from tasks.ownership import is_dead, name_of, this_process
from tasks.resume import resume_execution
from tasks.services import Services
from tests.fakes.stored_projects import SPEC, admitted, owned, write_spec

pytestmark = pytest.mark.everywhere

DIGEST = digest("asked")


async def begun(services: Services, folder: Path) -> Lease:
    """An execution whose node runs and whose project is being made."""
    lease = await owned(services, await admitted(services, folder))

    def write(work: Work) -> None:
        work.nodes.start(lease, "page", "sha256:key")
        work.generated_projects.generating(lease, work.generated_projects.open(lease, "here").id)

    await services.database.run(services.scope, write)
    return lease


async def rows(services: Services, lease: Lease) -> tuple[Any, Any, Any, list[str]]:
    """Return the execution, its node, its project and the kinds of its events."""

    def read(work: Work) -> tuple[Any, Any, Any, list[str]]:
        execution = work.executions.get(lease.execution_id)
        [node] = work.nodes.list(lease.execution_id)
        project = work.generated_projects.of_execution(lease.execution_id)
        return execution, node, project, [event.kind for event in work.events.after(lease.execution_id, 0)]

    return await services.database.run(services.scope, read)


async def test_a_failure_is_kept_with_code_hint_and_node(services: Services, tmp_path: Path) -> None:
    lease = await begun(services, tmp_path)
    error = FileTooLarge("a.bin", 20, 10)
    error.node_path = "page"
    await finish(services, lease, ExecutionStatus.FAILED, error)
    execution, node, project, events = await rows(services, lease)
    assert execution.error == error_facts(error)
    assert (execution.error["code"], execution.error["node"]) == ("file_too_large", "page")
    assert (execution.status.value, node.status.value, project.status.value) == ("failed", "cancelled", "failed")
    assert project.error_message == str(error)
    assert events[-1] == "execution.failed"


async def test_a_cancel_reaches_node_and_project(services: Services, tmp_path: Path) -> None:
    lease = await begun(services, tmp_path)
    await finish(services, lease, ExecutionStatus.CANCELLED)
    execution, node, project, events = await rows(services, lease)
    assert {row.status.value for row in (execution, node, project)} == {"cancelled"}
    assert events[-1] == "execution.cancelled"


async def test_calls_that_were_under_way_are_charged_at_their_bound(services: Services, tmp_path: Path) -> None:
    lease = await begun(services, tmp_path)
    ledger = SqlCallLedger(services.database, services.store, services.scope, lease, lease.execution_id)
    bound = Usage(60, 40, Decimal("0.3"))
    sent, reserved = (CallRequest(CallKey("page", n, DIGEST), CallKind.MODEL, "main", "m", {}, bound) for n in (1, 2))
    await ledger.reserve_and_send(sent)
    await ledger.reserve(reserved)
    await finish(services, lease, ExecutionStatus.CANCELLED)
    calls = await services.database.run(services.scope, lambda work: work.calls.list(lease.execution_id))
    assert [(call.state.value, call.cost) for call in calls] == [("uncertain", Decimal("0.3")), ("released", None)]


async def test_an_execution_without_files_completes(services: Services, tmp_path: Path) -> None:
    lease = await owned(services, await admitted(services, tmp_path))
    await finish(services, lease, ExecutionStatus.COMPLETED)
    execution, _, project, _ = await rows(services, lease)
    assert (execution.status.value, execution.error, project) == ("completed", None, None)


async def test_nothing_is_written_without_the_lease(services: Services, tmp_path: Path) -> None:
    lease = await begun(services, tmp_path)
    await finish(services, lease, ExecutionStatus.FAILED, RepomillError())
    before = await rows(services, lease)
    with pytest.raises(OwnershipLost):
        await finish(services, lease, ExecutionStatus.CANCELLED)
    assert (await rows(services, lease))[3] == before[3]


async def test_a_living_owner_keeps_its_execution(services: Services, tmp_path: Path) -> None:
    execution = await admitted(services, tmp_path)
    await owned(services, execution)
    with pytest.raises(ExecutionOwned) as refusal:
        await owned(services, execution)
    assert refusal.value.owner == this_process()


async def test_a_failed_execution_goes_on_as_itself(services: Services, tmp_path: Path) -> None:
    lease = await begun(services, tmp_path)
    await finish(services, lease, ExecutionStatus.FAILED, RepomillError())
    found = await resume_execution(services, "latest")
    assert found.id == lease.execution_id


async def test_a_completed_execution_goes_on_as_a_new_one_of_the_same_root(services: Services, tmp_path: Path) -> None:
    lease = await owned(services, await admitted(services, tmp_path, "cups=4"))
    await finish(services, lease, ExecutionStatus.COMPLETED)
    found = await resume_execution(services, "latest")
    assert found.id != lease.execution_id
    assert found.root_id == lease.execution_id
    assert found.inputs["cups"] == 4


async def test_an_edited_specification_goes_on_in_the_same_root(services: Services, tmp_path: Path) -> None:
    lease = await owned(services, await admitted(services, tmp_path, "cups=4"))
    await finish(services, lease, ExecutionStatus.FAILED, RepomillError())
    edited = write_spec(tmp_path, f"{SPEC}\noutput: done\n", "edited.yaml")
    found = await resume_execution(services, "latest", edited)
    assert found.root_id == lease.execution_id != found.id
    assert found.inputs["cups"] == 4


async def test_nothing_is_resumed_while_its_owner_lives(services: Services, tmp_path: Path) -> None:
    await owned(services, await admitted(services, tmp_path))
    with pytest.raises(ExecutionOwned):
        await resume_execution(services, "latest")


async def test_two_executions_of_one_root_never_run_at_once(services: Services, tmp_path: Path) -> None:
    first = await owned(services, await admitted(services, tmp_path))
    await finish(services, first, ExecutionStatus.COMPLETED)
    second = await resume_execution(services, str(first.execution_id))
    third = await resume_execution(services, str(first.execution_id))
    await owned(services, second)
    with pytest.raises(ExecutionOwned):
        await owned(services, third)


def test_this_process_lives_and_one_that_ended_does_not() -> None:
    assert not is_dead(this_process())
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        owner = name_of(psutil.Process(process.pid))
        assert not is_dead(owner)
        process.kill()
        process.wait()
    assert is_dead(owner)


def test_a_process_that_got_a_dead_owners_number_is_not_the_owner() -> None:
    host, pid, started = this_process().rsplit(":", 2)
    assert is_dead(f"{host}:{pid}:{float(started) - 5:.2f}")


def test_a_zombie_is_dead() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        zombie = psutil.Process(process.pid)
        owner = name_of(zombie)
        while zombie.status() != psutil.STATUS_ZOMBIE:
            continue
        assert is_dead(owner)


def test_of_other_machines_nothing_is_known() -> None:
    assert not is_dead("elsewhere.example:1:0.00")


def test_of_containers_with_the_name_of_this_machine_nothing_is_known() -> None:
    assert not is_dead(f"{socket.gethostname()}:999999999:0.00")


def test_an_owner_lives_on_when_the_clock_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    owner, start = this_process(), psutil.boot_time()
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: start + 3600)
    assert psutil.boot_time() == start + 3600
    assert not is_dead(owner)


def test_an_unexpected_error_is_kept_by_its_name() -> None:
    assert error_facts(KeyError("x")) == {
        "code": "unexpected",
        "message": "KeyError: 'x'",
        "hint": "",
        "exit_code": 1,
    }
