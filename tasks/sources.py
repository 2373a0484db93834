"""The sources of a workflow, loaded from their Prefect blocks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import SecretStr

from blocks.sources import block_type, load_source
from repomill.agents.source import ModelSource
from repomill.canonical import Json
from repomill.errors import SourceMissing
from repomill.masking import secrets_of
from repomill.nodes.registry import kind as node_kind
from repomill.workflow.plan import Plan
from repomill.workflow.spec import NodeSpec, WorkflowSpec
from tasks.publishing_secrets import publishing_secrets

SourceT = TypeVar("SourceT")


@dataclass(frozen=True, slots=True)
class Sources:
    """The `repomill.nodes.base.Sources` port: what was found; one that is missing matters only when it is used."""

    spec: WorkflowSpec
    found: Mapping[str, Any] = field(default_factory=dict)
    publishing: tuple[SecretStr, ...] = ()
    """What publishing nodes give to Git hosts."""

    def find(self, name: str, kind: type[SourceT]) -> SourceT | None:
        """Return a source, None when its block does not exist."""
        source = self.found.get(name)
        return source if isinstance(source, kind) else None

    def get(self, name: str, kind: type[SourceT]) -> SourceT:
        """Return a source; raises `SourceMissing` when its block does not exist."""
        source = self.find(name, kind)
        if source is not None:
            return source
        raise SourceMissing(name, block_of(self.spec, name))

    def model(self, name: str) -> str:
        """Return the model a source names in the specification or in its block, "" for none."""
        stated = self.spec.sources[name].model if name in self.spec.sources else ""
        return stated or str(getattr(self.found.get(name), "model", ""))

    def identity(self, name: str) -> dict[str, Json]:
        """Return kind and block of a source, {} for one that the specification does not name."""
        stated = self.spec.sources.get(name)
        return {"kind": stated.kind.value, "block": stated.block} if stated else {}

    def max_input_tokens(self, name: str) -> int | None:
        """Return the longest request that the specification lets go to a source."""
        return self.spec.sources[name].max_input_tokens if name in self.spec.sources else None

    def models(self) -> Mapping[str, ModelSource]:
        """Return those that answer agents."""
        return {name: source for name, source in self.found.items() if isinstance(source, ModelSource)}

    def secrets(self) -> tuple[SecretStr, ...]:
        """Return every key, so that no generated file holds one."""
        return (*(secret for source in self.found.values() for secret in secrets_of(source)), *self.publishing)


def block_of(spec: WorkflowSpec, name: str) -> str:
    """Return type and name of the block behind a source."""
    stated = spec.sources[name]
    return f"{block_type(stated.kind)}/{stated.block}"


def missing_sources(plan: Plan, sources: Sources, *, mocked: bool = False) -> tuple[str, ...]:
    """Return the sources that nodes use and whose blocks do not exist; with mocks, those of nodes that have none."""
    nodes = [node for _, node in plan.all_nodes() if not (mocked and node.mock)]
    used = dict.fromkeys(name for node in nodes for name in _sources_of(node))
    return tuple(name for name in used if name not in sources.found)


def require_sources(plan: Plan, sources: Sources, *, mocked: bool = False) -> None:
    """Raise `SourceMissing` for the first source that is missing: before anything was paid, not at its first call."""
    for name in missing_sources(plan, sources, mocked=mocked):
        raise SourceMissing(name, block_of(sources.spec, name))


def _sources_of(node: NodeSpec) -> tuple[str, ...]:
    declaration = node_kind(node.type)
    return declaration.sources(declaration.config_model.model_validate(node.config))


async def load_sources(spec: WorkflowSpec) -> Sources:
    """Return the sources whose blocks exist."""
    found: dict[str, Any] = {}
    for name, source in spec.sources.items():
        try:
            found[name] = await load_source(source.kind, source.block, name, source.model or "")
        except ValueError:  # Prefect's word for a block document that does not exist
            continue
    return Sources(spec, found, await publishing_secrets(spec))
