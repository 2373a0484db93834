"""Single runs, without an engine: for a plug-in's own tests."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from repomill.calls.ledger import LedgerMode
from repomill.calls.port import Calls
from repomill.canonical import Json
from repomill.nodes.base import NodeKind
from repomill.testing._world import ledgered_calls, new_ledger, node_context, tool_context
from repomill.testing.cases import Case
from repomill.tools.base import Tool
from repomill.trees.tree import TreeFile


@dataclass(frozen=True, slots=True)
class Ran:
    """What a node handed on; files are in order of path."""

    output: Json
    files: tuple[TreeFile, ...]
    branches: tuple[str, ...] | None


def run_node(kind: NodeKind[Any], case: Case, **ports: Any) -> Ran:
    """Run a node of a kind once; `ports` win over those of the case. Raises what the kind raises."""

    async def run() -> Ran:
        config = kind.config_model.model_validate(case.config)
        result = await kind.run(config, node_context(case, **ports))
        taken = [TreeFile(file.path, file.content, file.mode) for file in result.files]
        return Ran(
            result.output_with(file.path for file in taken),
            tuple(sorted(taken, key=lambda file: file.path)),
            result.branches,
        )

    return asyncio.run(run())


def run_tool(tool: Tool[Any], arguments: Mapping[str, Json], calls: Calls | None = None) -> Json:
    """Run a tool once, with a ledger of its own unless `calls` are given; raises what the tool raises."""
    calls = calls or ledgered_calls(new_ledger(), LedgerMode.LIVE)
    context = tool_context(calls)
    return asyncio.run(tool.run(tool.arguments_model.model_validate(arguments), context))
