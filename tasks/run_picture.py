"""The graph of an execution with what became of each node: state, time and cost."""

from collections import defaultdict
from uuid import UUID

from repomill.workflow.graph_views import Instance, view_nodes
from repomill.workflow.mermaid import to_mermaid
from repomill.workflow.plan import Plan
from storage.database.models import NodeExecution
from storage.database.work import Work


def picture(plan: Plan, instances: list[Instance]) -> str:
    """Return the graph as Mermaid; instances of nodes that the plan does not have are left out."""
    return to_mermaid(plan, view_nodes(instances))


def instances(work: Work, execution_id: UUID, root_id: UUID) -> list[Instance]:
    """Return the execution's node instances; the cost is what this execution was charged itself, not its root."""
    costs: defaultdict[str, float] = defaultdict(float)
    for call in work.calls.list(root_id):
        if call.execution_id == execution_id:
            costs[call.node_path] += float(call.cost or 0)
    rows = work.nodes.list(execution_id)
    return [Instance(row.node_path, row.status.value, _seconds(row), costs[row.node_path]) for row in rows]


def _seconds(row: NodeExecution) -> float:
    """Return how long the last run took; a row that was taken from before may still say when it ran then."""
    if row.started_at is None or row.completed_at is None or row.status.value == "cached":
        return 0.0
    return max((row.completed_at - row.started_at).total_seconds(), 0.0)
