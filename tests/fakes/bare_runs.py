"""A run as the steps of `tasks` see it, of an execution that no row knows and no engine walks."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from repomill.agents.runner import AgentRunner
from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import LedgerMode
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.workflow.plan import plan
from repomill.workflow.spec import WorkflowSpec
from storage.database.lease import Lease
from tasks.node_ports import StoredExports, StoredTemplates
from tasks.run_state import ExecutionFacts, Run
from tasks.services import Services
from tasks.sources import Sources


def bare_run(
    services: Services, nodes: Sequence[Any], edges: Sequence[Any] = (), templates: Mapping[str, str] | None = None
) -> Run:
    """Return a run of these nodes; `templates` are artefact keys by folder, and stand for the digests too."""
    document = {"apiVersion": "repomill/v1", "name": "tea", "nodes": nodes, "edges": edges}
    spec = WorkflowSpec.model_validate(document)
    execution, keys = uuid4(), templates or {}
    calls = LedgeredCalls(MemoryCallLedger(execution), LedgerMode.LIVE)
    with services.database.transaction(services.scope) as work:
        project = work.projects.get_or_create("tea")
    return Run(
        facts=ExecutionFacts(execution, execution, project.id, "tea", LedgerMode.LIVE, None, {}, keys, keys),
        spec=spec,
        plan=plan(spec),
        variables={},
        services=services,
        lease=Lease(execution, 1, uuid4()),
        agents=AgentRunner({}, calls),
        calls=calls,
        templates=StoredTemplates(services.store, keys),
        sources=Sources(spec),
        exports=StoredExports(services),
    )
