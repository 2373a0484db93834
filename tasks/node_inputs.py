"""What a node instance starts from: its rendered configuration and the key that names the work."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from repomill.canonical import Json, NotCanonical, digest
from repomill.errors import ExpressionFailed
from repomill.memory.port import Conversation
from repomill.nodes.base import NodeConfig, NodeKind
from repomill.nodes.ports import NO_CONVERSATION
from repomill.nodes.registry import kind
from repomill.trees.folder_reads import folder_reads
from repomill.trees.references import Path
from repomill.workflow.expressions import render_condition, render_config
from repomill.workflow.field_paths import MISSING, parse_field_path, value_at
from repomill.workflow.keys import node_key
from repomill.workflow.spec import NodeSpec
from repomill.workflow.templates import is_template
from tasks.level import Level
from tasks.node_files import StoredNodeFiles
from tasks.run_state import Run

_NAMES_ONLY = re.compile(r"(?:[^{]|\{(?![{%#])|\{\{\s*[A-Za-z_][\w.]*(?:\[\d+\][\w.]*)*\s*\}\})*")
"""Text whose expressions only look something up."""


@dataclass(frozen=True, slots=True)
class NodeCall:
    """A node instance that is ready to run; equal keys mean equal work."""

    ids: tuple[str, ...]
    path: str
    spec: NodeSpec
    kind: NodeKind[Any]
    config: NodeConfig
    scope: Mapping[str, Json]
    key: str
    is_mocked: bool = False
    conversation: Conversation = NO_CONVERSATION


async def prepare(run: Run, level: Level, node: str) -> NodeCall:
    """Render a node's configuration against what is known now and name the work.

    Raises:
        ExpressionFailed: an expression names nothing, or what it gives does not fit its field, or no JSON.
    """
    try:
        return await _prepared(run, level, node)
    except NotCanonical as error:
        raise ExpressionFailed(
            f"node {level.path(node)}", 1, f"{error}; make text of it, as with `| string`"
        ) from error


async def _prepared(run: Run, level: Level, node: str) -> NodeCall:
    spec, path, ids = level.plan.nodes[node], level.path(node), (*level.ids, node)
    declaration = kind(spec.type)
    scope = run.scope(level, node)
    config = await _config(run, ids, spec, scope, path)
    conversation, remembered = await _conversation(run, declaration, config, path)
    templates = (*declaration.template_folders(config), *(each.name for each in declaration.copier_templates(config)))
    key = node_key(
        declaration,
        config.model_dump(mode="json"),
        input_digests={
            **remembered,
            **await _input_digests(run, declaration, config, scope),
            **await declaration.input_digests(config, path, run.input_files),
            **await StoredNodeFiles(run, path, spec.id, scope).digests(declaration.files_read(config)),
        },
        template_digests={name: run.facts.template_digests[name] for name in templates},
        model_parameters={name: run.source_facts(name) for name in declaration.sources(config)},
        node_path=path,
    )
    return NodeCall(ids, path, spec, declaration, config, scope, key, conversation=conversation)


def prepare_mock(run: Run, level: Level, node: str) -> NodeCall:
    """Name the work of a node whose answer is fixed; its configuration may name what a run with mocks lacks."""
    spec, path = level.plan.nodes[node], level.path(node)
    assert spec.mock is not None  # noqa: S101  # asked for by the caller
    key = digest({"mock": spec.mock.model_dump(mode="json"), "node": path})
    return NodeCall((*level.ids, node), path, spec, kind(spec.type), NodeConfig(), run.scope(level, node), key, True)


async def is_wanted(run: Run, level: Level, node: str) -> bool:
    """Tell whether a node's own `when` lets it run; raises as `render_condition`."""
    when = level.plan.nodes[node].when
    if isinstance(when, bool):
        return when
    place = f"node {level.path(node)}/when"
    wanted: bool = await _render([when], render_condition, when, run.scope(level, node), place)
    return wanted


async def _conversation(
    run: Run, declaration: NodeKind[Any], config: NodeConfig, path: str
) -> tuple[Conversation, dict[str, str]]:
    """Return what the node remembers, and the digest that tells it from other memories."""
    use = declaration.memory(config)
    if use is None:
        return NO_CONVERSATION, {}
    conversation = await run.memories.open(use, path)
    return conversation, {"memory": digest([turn.document for turn in conversation.turns])}


async def _config(run: Run, ids: tuple[str, ...], spec: NodeSpec, scope: Mapping[str, Json], path: str) -> NodeConfig:
    if ids in run.constants:
        return run.constants[ids]
    templates = [text for text in _strings(spec.config) if is_template(text)]
    model = kind(spec.type).config_model
    config: NodeConfig = await _render(templates, render_config, model, spec.config, scope, f"node {path}")
    if not templates:
        run.constants[ids] = config
    return config


async def _render(templates: list[str], render: Any, *arguments: Any) -> Any:
    """Render in a thread what may take its five seconds: other nodes wait for their answers meanwhile."""
    if all(_NAMES_ONLY.fullmatch(text) for text in templates):
        return render(*arguments)
    return await asyncio.to_thread(render, *arguments)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)


async def _input_digests(
    run: Run, declaration: NodeKind[Any], config: NodeConfig, scope: Mapping[str, Json]
) -> dict[str, str]:
    """Digest only what the node can see beyond its configuration, so that other changes do not run it again."""
    paths: set[Path] = {parse_field_path(text) for text in declaration.reads(config)}
    for folder in declaration.template_folders(config):
        paths |= await _folder_reads(run, folder)
    return {".".join(map(str, path)): digest(_value(scope, path)) for path in paths}


async def _folder_reads(run: Run, folder: str) -> AbstractSet[Path]:
    known = run.facts.template_reads.get(folder)
    return await asyncio.to_thread(folder_reads, await run.templates.files(folder), folder) if known is None else known


def _value(scope: Mapping[str, Json], path: Path) -> Json:
    found = value_at(scope, path)
    return None if found is MISSING else found
