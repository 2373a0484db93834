"""Runs a workflow's nodes in sequence without an engine: real kinds, rendering and ledger, exports in memory."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.node_calls import NodeCalls
from repomill.canonical import Json
from repomill.nodes.base import NodeContext, NodeResult
from repomill.nodes.ports import Agents
from repomill.nodes.registry import kind
from repomill.publishing.exports import Exported, ExportTarget
from repomill.trees.tree import File, TreeFile
from repomill.workflow.expressions import render_config, render_value
from repomill.workflow.graph import Graph
from repomill.workflow.spec import WorkflowSpec


@dataclass(frozen=True)
class FolderTemplates:
    """Template folders where they lie, beside the specification."""

    root: Path

    async def files(self, folder: str) -> tuple[TreeFile, ...]:
        base = self.root / folder
        found = sorted(path for path in base.rglob("*") if path.is_file())
        return tuple(TreeFile(path.relative_to(base).as_posix(), path.read_bytes()) for path in found)


@dataclass
class NodesRun:
    """What ran so far; it is its own `Exports` port and keeps the targets by node."""

    files: dict[str, File] = field(default_factory=dict)
    outputs: dict[str, Json] = field(default_factory=dict)
    targets: dict[str, ExportTarget] = field(default_factory=dict)

    async def publish(self, node_path: str, target: ExportTarget) -> Exported:
        self.targets[node_path] = target
        return Exported(f"export of {node_path}", target.kind, target.url or f"memory:{target.kind}", "sha256:0")

    def checkout(self, folder: Path) -> Path:
        """Write the tree into a folder."""
        for file in self.files.values():
            path = folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.content)
            path.chmod(int(file.mode[-3:], 8))
        return folder


def defaults(spec: WorkflowSpec) -> dict[str, Json]:
    """Return the inputs of a form that was submitted as it opened."""
    properties = spec.inputs.get("properties", {})
    return {name: schema["default"] for name, schema in properties.items() if "default" in schema}


def taken(result: NodeResult) -> NodeResult:
    """Return a node's result with its files made, and the output that follows from them."""
    files = tuple(TreeFile(file.path, file.content, file.mode) for file in result.files)
    return NodeResult(result.output_with(file.path for file in files), files, result.branches)


async def run_nodes(
    spec: WorkflowSpec, folder: Path, inputs: dict[str, Json], agents: Agents, calls: LedgeredCalls | None = None
) -> NodesRun:
    """Run every node, predecessors first; a path that two nodes write is an assertion error."""
    done = NodesRun()
    variables = render_value(dict(spec.variables), {"inputs": inputs}, "/variables")
    graph = Graph(tuple(node.id for node in spec.nodes), tuple((edge.from_, edge.to) for edge in spec.edges))
    for node_id in graph.order:
        node = spec.node(node_id)
        scope: dict[str, Json] = {
            "inputs": inputs,
            "variables": variables,
            "nodes": {name: {"output": output} for name, output in done.outputs.items()},
        }
        config = render_config(kind(node.type).config_model, node.config, scope, node_id)
        context = NodeContext(node_id, scope, agents, FolderTemplates(folder), done, max_file_size=1_000_000)
        if calls is not None:
            context = replace(context, calls=NodeCalls(calls, node_id))
        result = taken(await kind(node.type).run(config, context))
        written = {file.path: file for file in result.files}
        assert not set(written) & set(done.files)
        done.files |= written
        done.outputs[node_id] = result.output
    return done
