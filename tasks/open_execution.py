"""Take an execution up: own it, say so while it lasts, and leave it with its outcome."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from repomill.agents.runner import AgentRunner
from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import LedgerMode
from repomill.calls.recordings import Recordings
from repomill.calls.shared_queues import SharedQueues
from repomill.canonical import Json
from repomill.collector import settle_memory
from repomill.errors import Cancelled, ExecutionFinished, OwnershipLost, RunTimeout
from repomill.input_files.roots import Roots
from repomill.memory.port import MemoryScope
from repomill.workflow.expressions import render_value
from repomill.workflow.inputs import check_inputs
from repomill.workflow.plan import plan
from repomill.workflow.spec import WorkflowSpec
from storage.database.lease import Lease
from storage.database.ledger import SqlCallLedger
from storage.database.models import Execution, WorkflowVersion
from storage.database.queues import SqlQueueBoard
from storage.database.repositories.executions import NewExecution
from storage.database.transitions import ExecutionStatus, GeneratedProjectStatus
from storage.database.work import Work
from tasks.budgets import run_limits
from tasks.call_events import CallEvents
from tasks.databases import SqlDatabases
from tasks.finish_execution import finish
from tasks.http_apis import RunApis
from tasks.input_files import RunInputFiles
from tasks.memories import RunMemories
from tasks.node_ports import SourceModels, StoredExports, StoredTemplates
from tasks.ownership import heartbeat
from tasks.queues import queues_of
from tasks.replayed import replayed
from tasks.resume import is_over
from tasks.run_node import record_of
from tasks.run_state import ExecutionFacts, NodeRecord, Run
from tasks.services import Services
from tasks.source_facts import keep_facts, with_models, with_stand_ins
from tasks.sources import load_sources, require_sources
from tasks.state_writer import StateWriter
from tasks.taking_over import take_over
from tasks.template_reads import known_reads
from tasks.token_events import TokenEvents
from tasks.worst_cases import affordable


@asynccontextmanager
async def open_execution(
    services: Services,
    workflow_version: str,
    inputs: Mapping[str, Any],
    execution_id: UUID | None,
    flow_run_id: UUID | None,
) -> AsyncIterator[Run]:
    """Own an execution for the length of the block; without an id a new one is made.

    Leaving the block well completes it, an error fails it, a cancel cancels it; all three are recorded here.

    Raises:
        ExecutionOwned: another living process works on it.
        InputsInvalid, WorkflowNotFound, ExecutionFinished: it cannot start.
        BoundExceedsBudget, CostUnbounded: it may cost more than its workflow's budget.
    """
    execution, version = await _find_or_create(services, workflow_version, inputs, execution_id)
    lease = await _acquire(services, execution.id, flow_run_id)
    try:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(heartbeat(services, lease))
            run = await _build(stack, services, execution, version, lease)
            settle_memory("a run")
            async with _time_bound(run.spec):
                yield run
    except (asyncio.CancelledError, Cancelled):
        await asyncio.shield(finish(services, lease, ExecutionStatus.CANCELLED, Cancelled()))
        raise
    except OwnershipLost:
        raise  # the new owner writes the outcome
    except BaseException as error:
        await finish(services, lease, ExecutionStatus.FAILED, error)
        raise
    await _complete(services, lease)


@asynccontextmanager
async def _time_bound(spec: WorkflowSpec) -> AsyncIterator[None]:
    """Bound one attempt; raises `RunTimeout`, which fails it, after all that ran was cancelled."""
    try:
        async with asyncio.timeout(spec.timeout) as bound:
            yield
    except TimeoutError as error:
        if bound.expired() and spec.timeout is not None:
            raise RunTimeout(spec.name, spec.timeout) from error
        raise  # somebody else's


async def _complete(services: Services, lease: Lease) -> None:
    """Record that all is done; a cancel that comes meanwhile is too late, for the row says so already."""
    finishing = asyncio.ensure_future(finish(services, lease, ExecutionStatus.COMPLETED))
    while not finishing.done():
        try:
            await asyncio.wait({finishing})
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()
    finishing.result()


async def _find_or_create(
    services: Services, workflow_version: str, inputs: Mapping[str, Any], execution_id: UUID | None
) -> tuple[Execution, WorkflowVersion]:
    def find(work: Work) -> tuple[Execution, WorkflowVersion]:
        if execution_id is not None:
            execution = work.executions.get(execution_id)
            return execution, work.workflows.version(execution.workflow_version_id)
        version = work.workflows.resolve(workflow_version)
        spec = WorkflowSpec.model_validate(version.definition)
        project = work.projects.get_or_create(spec.name)
        return work.executions.create(NewExecution(version.id, project.id, check_inputs(spec, inputs))), version

    return await services.database.run(services.scope, find)


async def _acquire(services: Services, execution_id: UUID, flow_run_id: UUID | None) -> Lease:
    def acquire(work: Work) -> Lease:
        execution = work.executions.get(execution_id)
        if is_over(work, execution):
            raise ExecutionFinished(str(execution_id), execution.status.value)
        lease = take_over(work, execution_id, flow_run_id, datetime.now(UTC))
        work.budgets.recount(execution.root_id)
        attempt = len(work.executions.attempts(execution_id))
        work.events.append(execution_id, "execution.started", None, {"attempt": f"attempt {attempt}"})
        return lease

    return await services.database.run(services.scope, acquire)


async def _build(
    stack: AsyncExitStack, services: Services, execution: Execution, version: WorkflowVersion, lease: Lease
) -> Run:
    spec = WorkflowSpec.model_validate(version.definition)
    replay = await stack.enter_async_context(replayed(services, execution.recordings))
    spec = with_models(spec, replay.sources)
    compiled = plan(spec)
    sources = with_stand_ins(await load_sources(spec), replay.sources)
    has_answers = await _has_answers(execution, replay.recordings)
    if not has_answers and _begins(execution, lease):
        require_sources(compiled, sources, mocked=execution.use_mocks)
    worst = await affordable(services, execution, spec, sources, has_answers=has_answers)
    await keep_facts(services, execution.root_id, sources)
    writer = await stack.enter_async_context(StateWriter(services, lease))
    progress = CallEvents(writer)
    queues = SharedQueues(
        SqlQueueBoard(services.database, services.scope, durable=False), queues_of(spec, sources.found)
    )
    stack.push_async_callback(queues.aclose)
    calls = _calls(services, execution, lease, progress, spec, replay.recordings, queues)
    hear = TokenEvents(writer, (*services.secrets, *sources.secrets()))
    agents = await stack.enter_async_context(AgentRunner(sources.models(), calls, hear))
    facts = await services.database.run(services.scope, lambda work: _facts(work, execution, version))
    exports = StoredExports(services)
    run = Run(
        facts=facts,
        spec=spec,
        plan=compiled,
        variables=_variables(spec, facts),
        services=services,
        lease=lease,
        agents=SourceModels(spec, agents),
        calls=calls,
        templates=stack.enter_context(closing(StoredTemplates(services.store, facts.template_keys))),
        sources=sources,
        databases=await stack.enter_async_context(SqlDatabases()),
        input_files=RunInputFiles(Roots(services.input_roots), services.store, services.scope),
        http=await stack.enter_async_context(RunApis(services, spec, sources, str(execution.root_id), replay.apis)),
        exports=exports,
        memories=RunMemories(services, calls, execution.root_id, _owners(services, execution, version)),
        known_secrets=sources.secrets(),
        worst_case=worst,
    )
    exports.run, run.writer = run, writer
    run.known = await services.database.run(services.scope, lambda work: _prepare(work, run, services.store.name))
    return run


async def _has_answers(execution: Execution, recordings: Recordings | None) -> bool:
    """Tell whether there are recorded answers, or nobody is asked anyway; live runs write recordings only."""
    if execution.mode == LedgerMode.STRICT:
        return True
    if execution.mode == LedgerMode.LIVE or recordings is None:
        return False
    return await asyncio.to_thread(recordings.has_any)


def _begins(execution: Execution, lease: Lease) -> bool:
    """Tell whether no answer is there yet; later attempts may go on without the blocks of what was answered."""
    return lease.fence == 1 and execution.root_id == execution.id


def _prepare(work: Work, run: Run, location: str) -> dict[str, NodeRecord]:
    """Write what is to come: a row for every node, and the project if a node may write files.

    Returns:
        What is there already, by node key: nobody but this process adds to it while it owns the root.
    """
    work.nodes.plan(run.lease, {node.id: node.type for node in run.spec.nodes})
    figures = run.worst_case.facts() if run.worst_case else {}
    work.events.append(run.facts.id, "execution.planned", None, {"nodes": len(run.spec.nodes), **figures})
    if run.plan.writers:
        project = work.generated_projects.open(run.lease, location)
        if project.status is not GeneratedProjectStatus.COMPLETED:  # an earlier attempt got as far as that
            work.generated_projects.generating(run.lease, project.id)
    records = map(record_of, work.nodes.results(run.facts.root_id))
    return {record.node_key: record for record in records if record is not None}


def _variables(spec: WorkflowSpec, facts: ExecutionFacts) -> Mapping[str, Json]:
    rendered = render_value(dict(spec.variables), {"inputs": dict(facts.inputs)}, "variables")
    return rendered if isinstance(rendered, dict) else {}


def _calls(  # noqa: PLR0913, PLR0917  # the parts of one ledger
    services: Services,
    execution: Execution,
    lease: Lease,
    progress: CallEvents,
    spec: WorkflowSpec,
    recordings: Recordings | None,
    queues: SharedQueues,
) -> LedgeredCalls:
    root, limits = execution.root_id, run_limits(spec.budget)
    ledger = SqlCallLedger(services.database, services.store, services.scope, lease, root, limits=limits)
    return LedgeredCalls(ledger, LedgerMode(execution.mode), recordings, progress=progress, queues=queues)


def _owners(services: Services, execution: Execution, version: WorkflowVersion) -> Mapping[MemoryScope, str]:
    return {
        MemoryScope.PROJECT: str(execution.project_id),
        MemoryScope.WORKFLOW: str(version.workflow_id),
        MemoryScope.USER: str(services.scope.user_id),
        MemoryScope.FREE: "",
    }


def _facts(work: Work, execution: Execution, version: WorkflowVersion) -> ExecutionFacts:
    return ExecutionFacts(
        id=execution.id,
        root_id=execution.root_id,
        project_id=execution.project_id,
        project_name=work.projects.get(execution.project_id).name,
        mode=LedgerMode(execution.mode),
        recordings=execution.recordings,
        use_mocks=execution.use_mocks,
        inputs=execution.inputs,
        template_keys={folder: stored["key"] for folder, stored in version.templates.items()},
        template_digests={folder: stored["digest"] for folder, stored in version.templates.items()},
        template_reads=known_reads(version.templates),
    )
