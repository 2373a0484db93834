"""Random valid workflows, run by the engine, against the definition of a run, which is written down here once more."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repomill.nodes import registry
from repomill.nodes.base import Idempotency, NodeConfig, NodeContext, NodeKind, NodeResult
from repomill.plugins import Registered
from repomill.trees.tree import TreeFile
from repomill.workflow.validation import validate
from tasks.services import Services
from tests.fakes.walks import document, walk

PATIENCE = 20.0
"""Seconds until a join is said to hang; a run takes a tenth of one."""


class StepConfig(NodeConfig):
    """It ends after so many turns of the event loop, and sees of nodes before it how they ended."""

    turns: int
    fails: bool
    path: str
    sees: dict[str, str]


@dataclass
class Witness:
    """What steps did, in the order in which they did it."""

    events: list[tuple[str, str]] = field(default_factory=list)
    saw: dict[str, dict[str, str]] = field(default_factory=dict)

    def kind(self) -> NodeKind[StepConfig]:
        """Return a kind of node that tells this witness."""
        events, saw = self.events, self.saw

        class Step(NodeKind[StepConfig]):
            """Writes a file or fails."""

            name: ClassVar[str] = "step"
            version: ClassVar[int] = 1
            idempotency: ClassVar[Idempotency] = Idempotency.RECORDED
            config_model = StepConfig

            def writes_files(self, config: StepConfig) -> bool:
                return True

            def static_paths(self, config: StepConfig) -> tuple[str, ...]:
                return () if "{{" in config.path else (config.path,)

            async def run(self, config: StepConfig, context: NodeContext) -> NodeResult:
                events.append(("start", context.path))
                saw[context.path] = config.sees
                for _ in range(config.turns):
                    await asyncio.sleep(0)
                events.append(("end", context.path))
                if config.fails:
                    raise RuntimeError("as it was told")
                return NodeResult({}, (TreeFile(config.path, b"x"),))

        return Step()


Edge = tuple[str, str, str | None]


@dataclass
class Graph:
    """Nodes as they stand in a specification, how each ends where it runs, and which labels that makes live."""

    nodes: list[dict[str, Any]] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    ends: dict[str, str] = field(default_factory=dict)
    live: dict[str, frozenset[str | None]] = field(default_factory=dict)
    bodies: dict[str, tuple[int, "Graph"]] = field(default_factory=dict)
    """By the loop: how often it runs, and what."""

    def runs(self, node: str) -> bool:
        """The definition: a node runs when nothing leads to it, or a live edge from a node that runs does."""
        into = [(earlier, label) for earlier, later, label in self.edges if later == node]
        return not into or any(self.runs(earlier) and label in self.live[earlier] for earlier, label in into)

    def statuses(self, before: str = "") -> Iterator[tuple[str, str]]:
        """Yield how each node instance ends, by path."""
        for node, end in self.ends.items():
            status = end if self.runs(node) else "skipped"
            yield before + node, status
            if node in self.bodies and status == "completed":
                times, body = self.bodies[node]
                for number in range(times):
                    yield from body.statuses(f"{before}{node}[{number}].")

    def orders(self, before: str = "") -> Iterator[tuple[str, str]]:
        """Yield pairs of instances of which the first is over when the second starts."""
        for earlier, later, _ in self.edges:
            yield before + earlier, before + later
        for node, (times, body) in self.bodies.items():
            for number in range(times):
                yield from body.orders(f"{before}{node}[{number}].")

    def written(self) -> dict[str, Any]:
        """Return nodes and edges as data."""
        edges = [{"from": earlier, "to": later, "branch": label} for earlier, later, label in self.edges]
        return {
            "nodes": self.nodes,
            "edges": [{key: value for key, value in edge.items() if value is not None} for edge in edges],
        }


@st.composite
def graphs(draw: st.DrawFn, prefix: str = "n", folder: str = "", most: int = 7, loops: bool = True) -> Graph:
    """Draw a graph that is valid: every branch has an edge, every path is another."""
    graph = Graph()
    ids = [f"{prefix}{number}" for number in range(draw(st.integers(1, most)))]
    kinds = ["step", "step", "step", "router", *(["loop"] if loops else [])]
    for at, name in enumerate(ids):
        later = ids[at + 1 :]
        kind = draw(st.sampled_from(kinds)) if later else "step"
        node, labels = {"step": _step, "router": _router, "loop": _loop}[kind](draw, graph, name, folder, bool(later))
        graph.nodes.append(node | draw(st.sampled_from(_WHENS[graph.ends[name] == "skipped"])))
        offered: list[str | None] = [*labels, *(draw(st.lists(st.sampled_from([None, *labels]), max_size=3)))]
        for label in offered if later else ():
            graph.edges.append((name, draw(st.sampled_from(later)), label))
        graph.edges = list(dict.fromkeys(graph.edges))
    for node in graph.nodes:
        if node["type"] == "step":
            before = {earlier for earlier, later, _ in graph.edges if later == node["id"]}
            node["config"]["sees"] = {name: f"{{{{ nodes.{name}.status }}}}" for name in sorted(before)}
    graph.nodes = draw(st.permutations(graph.nodes))
    return graph


_WHENS: Mapping[bool, list[dict[str, Any]]] = {
    True: [{"when": False}, {"when": "{{ not inputs.yes }}"}],
    False: [{}, {}, {"when": True}, {"when": "{{ inputs.yes }}"}],
}
_Drawn = tuple[dict[str, Any], list[str]]


def _ends(draw: st.DrawFn, *ways: str) -> str:
    return draw(st.sampled_from(["completed", *ways]))


def _step(draw: st.DrawFn, graph: Graph, name: str, folder: str, leads_on: bool) -> _Drawn:
    on_error = draw(st.sampled_from(["continue", "branch"])) if leads_on else "continue"
    end = graph.ends[name] = _ends(draw, "failed", "skipped")
    failed: frozenset[str | None] = frozenset({"error"} if on_error == "branch" else {None})
    graph.live[name] = {"completed": frozenset({None}), "failed": failed, "skipped": frozenset[str | None]()}[end]
    config = {"turns": draw(st.integers(0, 9)), "fails": end == "failed", "path": f"{folder}{name}", "sees": {}}
    node = {"id": name, "type": "step", "on_error": on_error, "retry": {"attempts": 1}, "config": config}
    return node, ["error"] if on_error == "branch" else []


def _router(draw: st.DrawFn, graph: Graph, name: str, _folder: str, _leads_on: bool) -> _Drawn:
    holding = {branch: draw(st.booleans()) for branch in ("left", "right")}
    choose, default = draw(st.sampled_from(["all", "first"])), draw(st.sampled_from([None, "left", "other"]))
    chosen = [branch for branch, holds in holding.items() if holds][: None if choose == "all" else 1]
    chosen = chosen or ([default] if default else [])
    end = graph.ends[name] = _ends(draw, "skipped")
    graph.live[name] = frozenset({None, *chosen}) if end == "completed" else frozenset()
    branches = [{"name": branch, "when": holds} for branch, holds in holding.items()]
    config = {"choose": choose, "branches": branches, **({"default": default} if default else {})}
    return {"id": name, "type": "router", "config": config}, [*holding, *(["other"] if default == "other" else [])]


def _loop(draw: st.DrawFn, graph: Graph, name: str, _folder: str, _leads_on: bool) -> _Drawn:
    times = draw(st.integers(0, 3))
    body = draw(graphs(f"{name}_", f"{name}/{{{{ index }}}}/", most=3, loops=False))
    end = graph.ends[name] = _ends(draw, "skipped")
    graph.live[name] = frozenset({None}) if end == "completed" else frozenset()
    graph.bodies[name] = times, body
    config = {"for_each": list(range(times)), "max_iterations": 3, "parallel": draw(st.integers(1, 3))}
    return {"id": name, "type": "loop", "config": {**config, "body": body.written()}}, []


@pytest.mark.embedded_only("forty runs; the walk is the same wherever rows are kept")
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(graphs())
async def test_a_node_runs_once_after_its_live_predecessors_or_never_and_no_join_hangs(
    services: Services, graph: Graph
) -> None:
    witness, found = Witness(), registry.registered()
    with pytest.MonkeyPatch.context() as patch:
        known = Registered({**found.found, "step": witness.kind()}, found.broken)
        patch.setattr(registry, "registered", lambda: known)
        written = graph.written()
        spec = document(
            written["nodes"], written["edges"], inputs={"type": "object", "properties": {"yes": {"type": "boolean"}}}
        )
        validate(json.dumps(spec), "spec.json")
        async with asyncio.timeout(PATIENCE):
            walked = await walk(services, spec, yes=True)
    assert walked.error is None
    expected = dict(graph.statuses())
    assert {path: _ended(status) for path, status in (await walked.statuses()).items()} == expected
    steps = [path for path, status in expected.items() if status != "skipped" and _is_step(path, graph)]
    for what in ("start", "end"):
        assert sorted(path for event, path in witness.events if event == what) == sorted(steps)
    for earlier, later in graph.orders():
        _came_before(earlier, later, witness.events)
    for path, saw in witness.saw.items():
        level = path.rpartition(".")[0]
        assert saw == {name: expected[f"{level}.{name}" if level else name] for name in saw}
    assert sorted(walked.fragments) == sorted(path for path in steps if expected[path] == "completed")
    assert walked.progress.over == walked.progress.total == len(expected)


def _ended(status: str) -> str:
    """Routers that are configured alike may have their result from each other."""
    return "completed" if status == "cached" else status


def _is_step(path: str, graph: Graph) -> bool:
    outer, _, inner = path.partition(".")
    nodes = graph.bodies[outer.partition("[")[0]][1].nodes if inner else graph.nodes
    return any(node["id"] == (inner or outer) and node["type"] == "step" for node in nodes)


def _came_before(earlier: str, later: str, events: list[tuple[str, str]]) -> None:
    """Of a loop all that ran inside counts."""

    def of(node: str, what: str) -> list[int]:
        at = enumerate(events)
        return [place for place, (event, path) in at if event == what and (path == node or path.startswith(f"{node}["))]

    ended, began = of(earlier, "end"), of(later, "start")
    assert not ended or not began or max(ended) < min(began)
