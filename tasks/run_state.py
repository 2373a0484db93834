"""One execution while it runs: what is fixed, what is known so far."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import SecretStr

from repomill.apis.source import ApiSource
from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import LedgerMode
from repomill.canonical import Json
from repomill.databases.port import Databases
from repomill.input_files.port import InputFiles
from repomill.memory.port import Memories
from repomill.nodes.base import NodeConfig
from repomill.nodes.ports import (
    NO_DATABASES,
    NO_HTTP,
    NO_INPUT_FILES,
    NO_MEMORIES,
    Agents,
    HttpApis,
    Sources,
    Templates,
)
from repomill.publishing.exports import Exports
from repomill.sources import KNOWN_BY_BLOCK
from repomill.trees.policy import Finding
from repomill.trees.references import Path
from repomill.workflow.plan import Plan
from repomill.workflow.spec import WorkflowSpec
from storage.database.lease import Lease
from tasks.level import Level
from tasks.services import Services
from tasks.state_writer import StateWriter
from tasks.task_runs import PrefectTaskRuns, TaskRuns
from tasks.worst_cases import WorstCase

TREE_STEP = "Assemble the tree"
PROJECT_STEP = "Record the project"
"""Steps around the nodes, by the names people see in the run's graph."""


@dataclass(frozen=True, slots=True)
class ExecutionFacts:
    """What does not change while an execution runs; `inputs` are checked and have their defaults."""

    id: UUID
    root_id: UUID
    project_id: UUID
    project_name: str
    mode: LedgerMode
    recordings: str | None
    inputs: Mapping[str, Json]
    template_keys: Mapping[str, str]
    template_digests: Mapping[str, str]
    use_mocks: bool = False
    template_reads: Mapping[str, frozenset[Path]] = field(default_factory=dict)
    """What the templates of a folder read of the scope, where it is known from when they were stored."""


@dataclass(frozen=True, slots=True)
class NodeRecord:
    """Where a node instance's result is kept: small, plain JSON, fit for Prefect's result store."""

    node: str
    node_key: str
    output_key: str
    output_digest: str
    fragment_key: str | None = None
    file_count: int = 0
    branches: tuple[str, ...] | None = None
    is_mocked: bool = False

    @classmethod
    def of(cls, document: Mapping[str, Any], node: str) -> Self:
        """Take it from plain JSON; it may be the record of another node that did the same work."""
        branches = document.get("branches")
        return cls(**{**document, "node": node, "branches": None if branches is None else tuple(branches)})


@dataclass(frozen=True, slots=True)
class StoredProject:
    """The generated project once its tree is stored; `completed_at` dates commits, so that a retry makes the same.

    `cold_key` names the recompressed tree of one that retention archived; nothing is under its `pack_key` then.
    """

    id: UUID
    name: str
    execution_id: str
    tree_digest: str
    pack_key: str
    total_files: int
    total_size: int
    completed_at: datetime
    cold_key: str | None = None


@dataclass(slots=True)
class Run:
    """An execution in this process; what is below `exports` is filled as it goes."""

    facts: ExecutionFacts
    spec: WorkflowSpec
    plan: Plan
    variables: Mapping[str, Json]
    services: Services
    lease: Lease
    agents: Agents
    calls: LedgeredCalls
    templates: Templates
    sources: Sources
    exports: Exports
    databases: Databases = NO_DATABASES
    input_files: InputFiles = NO_INPUT_FILES
    http: HttpApis = NO_HTTP
    memories: Memories = NO_MEMORIES
    known_secrets: tuple[SecretStr, ...] = ()
    """Keys the run was given: no generated file may hold one."""
    worst_case: WorstCase | None = None
    """What it comes to at most; None of one that asks nobody."""
    writer: StateWriter = field(init=False)
    task_runs: TaskRuns = field(default_factory=PrefectTaskRuns)
    top: Level = field(init=False)
    """The workflow's own nodes."""
    known: dict[str, NodeRecord] = field(default_factory=dict)
    """Results of this root execution by node key."""
    just_stored: dict[str, bytes] = field(default_factory=dict)
    """Outputs by artefact key, from when they are stored until the walk takes them up."""
    records: dict[str, NodeRecord] = field(default_factory=dict)
    """Records of the instances that wrote files, by path."""
    gates: dict[tuple[str, ...], asyncio.Semaphore] = field(default_factory=dict)
    """What bounds the instances of a node at once, by the ids that lead to it."""
    constants: dict[tuple[str, ...], NodeConfig] = field(default_factory=dict)
    """Configurations without any expression, by the ids that lead to the node."""
    project: StoredProject | None = None
    output: Json = None
    findings: tuple[Finding, ...] = ()
    """What the policy wants a person to look at."""
    paths: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.top = Level(self.plan)

    def source_facts(self, name: str) -> dict[str, Json]:
        """Return what a source adds to the answer of a node: its model or block, or the API and who asks it."""
        facts: dict[str, Json] = {"model": self.sources.model(name)}
        if name in self.spec.sources and self.spec.sources[name].kind in KNOWN_BY_BLOCK:
            return facts | self.sources.identity(name)
        api = self.sources.find(name, ApiSource)
        if api is None:
            return facts
        return facts | {"api": api.base_url, "document": api.document, "user": str(self.services.scope.user_id)}

    def title(self) -> str:
        """Return what the flow run is called: workflow, project where it has a name of its own, execution."""
        workflow, project = self.spec.name, self.facts.project_name
        what = workflow if project == workflow else f"{workflow} → {project}"
        return f"{what} ({str(self.facts.id)[:8]})"

    @property
    def states(self) -> dict[str, Any]:
        """What stands for the task runs of the workflow's own nodes, and of the steps around them."""
        return self.top.states

    def output_of(self, node: str) -> Json:
        """Return what one of the workflow's own nodes gave, None before it has ended."""
        return self.top.views[node]["output"] if node in self.top.views else None

    def scope(self, level: Level, node: str) -> dict[str, Any]:
        """Return the plain data that a node's expressions see."""
        return level.scope(self.facts.inputs, self.variables, node)

    def whole_scope(self, level: Level | None = None) -> dict[str, Any]:
        """Return the plain data of everything that is known, of the workflow or within an iteration."""
        return (level or self.top).whole_scope(self.facts.inputs, self.variables)

    def take_up(self, record: NodeRecord) -> None:
        """Take note of a result: for the tree, and for nodes that do the same work."""
        self.known[record.node_key] = record
        if record.fragment_key:
            self.records[record.node] = record

    def fragments(self) -> list[tuple[str, str]]:
        """Return node path and artefact key of every fragment, in the plan's order and that of iterations."""
        found = [(record.node, record.fragment_key) for record in self.records.values() if record.fragment_key]
        return sorted(found, key=lambda fragment: self.plan.instance_order(fragment[0]))

    def outcome(self) -> dict[str, Any]:
        """Return what the flow run returns: where to look, in small plain data."""
        facts: dict[str, Any] = {"execution": str(self.facts.id)}
        if self.project is not None:
            facts |= {"generated_project": str(self.project.id), "tree": self.project.tree_digest}
        return facts
