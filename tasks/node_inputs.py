"""What a node instance starts from: its rendered configuration and the key that names the work."""

import asyncio
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from repomill.canonical import Json, digest
from repomill.nodes.base import NodeConfig, NodeKind
from repomill.nodes.registry import kind
from repomill.trees.folder_reads import folder_reads
from repomill.trees.references import Path
from repomill.workflow.expressions import render_config
from repomill.workflow.keys import node_key
from tasks.run_state import Run


@dataclass(frozen=True, slots=True)
class NodeCall:
    """A node instance that is ready to run; equal keys mean equal work."""

    node: str
    kind: NodeKind[Any]
    config: NodeConfig
    scope: Mapping[str, Json]
    key: str


async def prepare(run: Run, node: str) -> NodeCall:
    """Render a node's configuration against what is known now and name the work.

    Raises:
        ExpressionFailed: an expression names nothing, or what it gives does not fit its field.
    """
    spec_node = run.spec.node(node)
    declaration = kind(spec_node.type)
    scope = run.expression_scope(node)
    # In a thread: an expression may take its five seconds, and other nodes wait for their answers meanwhile.
    config = await asyncio.to_thread(render_config, declaration.config_model, spec_node.config, scope, f"node {node}")
    templates = (*declaration.template_folders(config), *(each.name for each in declaration.copier_templates(config)))
    key = node_key(
        declaration,
        config.model_dump(mode="json"),
        input_digests=await _input_digests(run, declaration, config, scope),
        template_digests={name: run.facts.template_digests[name] for name in templates},
        model_parameters={name: {"model": run.sources.model(name)} for name in declaration.sources(config)},
        node_path=node,
    )
    return NodeCall(node, declaration, config, scope, key)


async def _input_digests(
    run: Run, declaration: NodeKind[Any], config: NodeConfig, scope: Mapping[str, Json]
) -> dict[str, str]:
    """Digest only what the node can see beyond its configuration, so that other changes do not run it again."""
    paths: set[Path] = {(name,) for name in declaration.reads(config)}
    for folder in declaration.template_folders(config):
        paths |= await _folder_reads(run, folder)
    return {".".join(map(str, path)): digest(_value(scope, path)) for path in paths}


async def _folder_reads(run: Run, folder: str) -> AbstractSet[Path]:
    known = run.facts.template_reads.get(folder)
    return await asyncio.to_thread(folder_reads, await run.templates.files(folder), folder) if known is None else known


def _value(scope: Mapping[str, Json], path: Path) -> Json:
    value: Json = dict(scope)
    for part in path:
        value = value.get(str(part)) if isinstance(value, dict) else None
    return value
