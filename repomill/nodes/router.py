"""The `router` node: chooses which edges are taken."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from repomill.canonical import Json
from repomill.nodes.base import Idempotency, NodeConfig, NodeContext, NodeKind, NodeResult
from repomill.workflow.comparing import holds
from repomill.workflow.conditions import Condition, When
from repomill.workflow.spec import Name


class RouterBranch(NodeConfig):
    """One way out of a router."""

    name: Annotated[Name, Field(description="Edges name it: `{from: route, to: write, branch: NAME}`.")]
    when: Annotated[When, Field(description="Condition, or expression that gives true or false.")]


class RouterConfig(NodeConfig):
    """Configuration of a `router` node."""

    branches: Annotated[tuple[RouterBranch, ...], Field(min_length=1, description="The branches, in order.")]
    choose: Annotated[
        Literal["all", "first"], Field(description="Take all branches whose condition holds, or only the first.")
    ] = "all"
    default: Annotated[Name | None, Field(description="Branch that is taken when no condition holds.")] = None

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        times = Counter(branch.name for branch in self.branches)
        twice = next((name for name, count in times.items() if count > 1), None)
        if twice is not None:
            raise ValueError(f"the branch {twice!r} stands twice; join its conditions with 'any'")
        return self


class Router(NodeKind[RouterConfig]):
    """Chooses branches by conditions; edges that name a branch nobody chose are not taken.

    Every condition is rendered before the first is looked at, so an expression in a later one must not fail. When no
    condition holds and there is no `default`, no branch is taken, and the nodes behind them are skipped.
    """

    name: ClassVar[str] = "router"
    version: ClassVar[int] = 2
    idempotency: ClassVar[Idempotency] = Idempotency.PURE
    config_model = RouterConfig

    def branches(self, config: RouterConfig) -> tuple[str, ...]:
        """Return the branches in order, the default last where it has no condition."""
        names = [branch.name for branch in config.branches]
        return tuple(dict.fromkeys([*names, *([config.default] if config.default else [])]))

    def branch_sets(self, config: RouterConfig) -> tuple[frozenset[str], ...]:
        """Return each branch where the first is taken, else those with a condition; a default never joins others."""
        if config.choose == "first":
            return tuple(frozenset({name}) for name in self.branches(config))
        named = frozenset(branch.name for branch in config.branches)
        return (named,) if config.default is None or config.default in named else (named, frozenset({config.default}))

    def reads(self, config: RouterConfig) -> tuple[str, ...]:
        """Return the fields that conditions look up."""
        return tuple(dict.fromkeys(field for branch in config.branches for field in _fields(branch.when)))

    def output_schema(self, config: RouterConfig) -> Mapping[str, Any]:
        """Return the schema of the chosen names."""
        branches = {"type": "array", "items": {"type": "string"}}
        return {"type": "object", "properties": {"branches": branches, "branch": {"type": ["string", "null"]}}}

    async def run(self, config: RouterConfig, context: NodeContext) -> NodeResult:
        """Choose; raises `ConditionFailed` for values that cannot be compared."""
        # In a thread: a regular expression may take its second.
        chosen = await asyncio.to_thread(_chosen, config, context.scope, f"node {context.path}")
        branches: list[Json] = [*chosen]
        return NodeResult({"branches": branches, "branch": chosen[0] if chosen else None}, branches=chosen)


def _chosen(config: RouterConfig, scope: Mapping[str, Json], place: str) -> tuple[str, ...]:
    holding = (
        branch.name
        for at, branch in enumerate(config.branches)
        if holds(branch.when, scope, f"{place}/branches/{at}/when")
    )
    chosen = tuple(holding) if config.choose == "all" else tuple(name for name in [next(holding, None)] if name)
    return chosen or tuple(name for name in [config.default] if name)


def _fields(when: object) -> Iterator[str]:
    if isinstance(when, Condition):
        if when.field is not None:
            yield when.field
        for inner in (*(when.all or ()), *(when.any or ()), when.not_):
            yield from _fields(inner)
