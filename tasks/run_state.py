"""One execution while it runs: what is fixed, what is known so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import SecretStr

from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import LedgerMode
from repomill.canonical import Json
from repomill.nodes.base import Agents, Exports, Sources, Templates
from repomill.trees.policy import Finding
from repomill.trees.references import Path
from repomill.workflow.plan import Plan
from repomill.workflow.spec import WorkflowSpec
from storage.database.lease import Lease
from tasks.services import Services

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


@dataclass(frozen=True, slots=True)
class StoredProject:
    """The generated project once its tree is stored; `completed_at` dates commits, so that a retry makes the same."""

    id: UUID
    name: str
    execution_id: str
    tree_digest: str
    pack_key: str
    total_files: int
    total_size: int
    completed_at: datetime


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
    known_secrets: tuple[SecretStr, ...] = ()
    """Keys the run was given: no generated file may hold one."""
    outputs: dict[str, Json] = field(default_factory=dict)
    records: dict[str, NodeRecord] = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)
    """Prefect states by node or step: what a task names as its predecessors, so that the run's graph has edges."""
    project: StoredProject | None = None
    output: Json = None
    findings: tuple[Finding, ...] = ()
    """What the policy wants a person to look at."""
    paths: list[str] = field(default_factory=list)

    def title(self) -> str:
        """Return what the flow run is called: workflow, project where it has a name of its own, execution."""
        workflow, project = self.spec.name, self.facts.project_name
        what = workflow if project == workflow else f"{workflow} → {project}"
        return f"{what} ({str(self.facts.id)[:8]})"

    def expression_scope(self, node: str) -> dict[str, Any]:
        """Return the plain data a node's expressions see: of other nodes, only those it comes after."""
        scope, before = self.whole_scope(), self.plan.ancestors(node)
        return scope | {"nodes": {name: result for name, result in scope["nodes"].items() if name in before}}

    def whole_scope(self) -> dict[str, Any]:
        """Return the plain data of everything that is known."""
        nodes = {name: {"output": output} for name, output in self.outputs.items()}
        return {"inputs": dict(self.facts.inputs), "variables": dict(self.variables), "nodes": nodes}

    def fragments(self) -> list[tuple[str, str]]:
        """Return node and artefact key of every fragment, in the plan's order."""
        records = (self.records[node] for node in self.plan.order if node in self.records)
        return [(record.node, record.fragment_key) for record in records if record.fragment_key]

    def outcome(self) -> dict[str, Any]:
        """Return what the flow run returns: where to look, in small plain data."""
        facts: dict[str, Any] = {"execution": str(self.facts.id)}
        if self.project is not None:
            facts |= {"generated_project": str(self.project.id), "tree": self.project.tree_digest}
        return facts
