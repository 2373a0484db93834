"""Whole runs of a workflow in this process: real database, store, kinds and walk; task runs without a server."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import yaml  # type: ignore[import-untyped]  # the package has no types of its own

from repomill.errors import RepomillError
from repomill.workflow.spec import WorkflowSpec
from storage.database.models import NodeExecution
from storage.database.repositories.executions import NewExecution
from storage.database.repositories.workflows import Specification
from storage.database.work import Work
from tasks.open_execution import open_execution
from tasks.run_graph import run_graph
from tasks.run_output import store_output
from tasks.run_state import Run
from tasks.services import Services
from tasks.tree_steps import assemble_tree
from tests.fakes.plain_task_runs import PlainTaskRuns


@dataclass
class Count:
    """What progress was told."""

    total: int = 0
    over: int = 0

    def planned(self, count: int) -> None:
        self.total += count

    def ended(self) -> None:
        self.over += 1


@dataclass
class Walked:
    """One execution, run to its end."""

    execution: UUID
    root: UUID
    services: Services
    task_runs: PlainTaskRuns
    output: Any = None
    error: BaseException | None = None
    fragments: list[str] = field(default_factory=list)
    """Paths of the node instances whose files make up the tree, in its order."""
    progress: Count = field(default_factory=Count)

    @property
    def ran(self) -> list[str]:
        """Titles of the task runs whose work was done now."""
        return [record.title for record in self.task_runs.records if not record.is_known]

    async def rows(self) -> dict[str, NodeExecution]:
        """Return the nodes' rows by path."""
        rows: list[NodeExecution] = await self._ask(lambda work: work.nodes.list(self.execution))
        return {row.node_path: row for row in rows}

    async def statuses(self) -> dict[str, str]:
        """Return the status of every node instance by path."""
        return {path: row.status.value for path, row in (await self.rows()).items()}

    async def status(self) -> str:
        """Return that of the execution."""
        return str(await self._ask(lambda work: work.executions.get(self.execution).status.value))

    async def events(self, kind: str = "") -> list[tuple[str, str | None, dict[str, Any]]]:
        """Return kind, node and payload of its events, of one kind where one is named."""
        found = await self._ask(lambda work: work.events.after(self.execution, limit=100_000))
        return [(each.kind, each.node_path, each.payload) for each in found if kind in {"", each.kind}]

    async def _ask(self, question: Any) -> Any:
        return await self.services.database.run(self.services.scope, question)


def document(nodes: Any, edges: Any = (), **more: Any) -> dict[str, Any]:
    """Return a specification; nodes and edges as YAML or as data."""
    parts = {"nodes": nodes, "edges": edges or []}
    read = {name: yaml.safe_load(part) if isinstance(part, str) else part for name, part in parts.items()}
    return {"apiVersion": "repomill/v1", "name": "walk", **read, **more}


async def admit_document(
    services: Services, spec: Mapping[str, Any], *, root: UUID | None = None, mocks: bool = False, **inputs: Any
) -> UUID:
    """Store a specification as it is, unchecked, and an execution of it."""
    checked = WorkflowSpec.model_validate(spec)

    def write(work: Work) -> UUID:
        stored = work.workflows.add(
            Specification(
                name=checked.name,
                digest=f"sha256:{abs(hash(str(spec))):064x}",
                api_version=checked.api_version,
                definition=checked.model_dump(mode="json", by_alias=True),
                source_text="",
            )
        )
        project = work.projects.get_or_create(checked.name).id
        return work.executions.create(NewExecution(stored.id, project, inputs, root_id=root, use_mocks=mocks)).id

    return await services.database.run(services.scope, write)


async def walk(
    services: Services, spec: Mapping[str, Any], *, root: UUID | None = None, mocks: bool = False, **inputs: Any
) -> Walked:
    """Run a workflow; what it raised is in the result."""
    return await run_execution(services, await admit_document(services, spec, root=root, mocks=mocks, **inputs))


async def run_execution(services: Services, execution: UUID, publish: bool = True) -> Walked:
    """Run an execution, for the first time or again."""
    walked = Walked(execution, execution, services, PlainTaskRuns())
    try:
        async with open_execution(services, "", {}, execution, None) as run:
            await _walk(run, walked, publish)
    except (RepomillError, asyncio.CancelledError) as error:
        walked.error = error
    return walked


async def _walk(run: Run, walked: Walked, publish: bool) -> None:
    run.task_runs, walked.root = walked.task_runs, run.facts.root_id

    async def store_tree() -> None:
        await assemble_tree(run)

    await run_graph(run, store_tree, walked.progress, publish=publish)
    await store_output(run)
    walked.output = run.output
    walked.fragments = [path for path, _ in run.fragments()]
