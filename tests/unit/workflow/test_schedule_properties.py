"""Random graphs against the definition of a run, which is written down here once more, without the schedule."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from repomill.workflow._dearest import most
from repomill.workflow.bound import bound, drawn
from repomill.workflow.plan import plan
from repomill.workflow.spec import WorkflowSpec

Edge = tuple[str, str, str | None]

LEFT_RIGHT = {"branches": [{"name": "left", "when": True}, {"name": "right", "when": True}], "default": "left"}
WRITES = {"files": [{"path": "x", "content": "y"}]}
CONFIGS: dict[str, dict[str, Any]] = {"router": LEFT_RIGHT, "file_generation": WRITES, "input": {}}


@dataclass(frozen=True)
class Case:
    """A workflow, and for each node how it would end and which of its edges' labels that makes live."""

    spec: WorkflowSpec
    ends: Mapping[str, str]
    live: Mapping[str, frozenset[str | None]]

    def edges(self) -> Iterator[Edge]:
        """Yield the stated edges."""
        for edge in self.spec.edges:
            yield edge.from_, edge.to, edge.branch

    def runs(self, node: str) -> bool:
        """The definition: a node runs when nothing leads to it, or a live edge from a node that runs does."""
        into = [(earlier, label) for earlier, later, label in self.edges() if later == node]
        return not into or any(self.runs(earlier) and label in self.live[earlier] for earlier, label in into)


NOTHING: frozenset[str | None] = frozenset()


@st.composite
def cases(draw: st.DrawFn) -> Case:
    ids = [f"n{number}" for number in range(draw(st.integers(1, 9)))]
    nodes: list[dict[str, Any]] = []
    edges: list[dict[str, Any]] = []
    ends: dict[str, str] = {}
    live: dict[str, frozenset[str | None]] = {}
    for at, name in enumerate(ids):
        kind = draw(st.sampled_from(sorted(CONFIGS)))
        on_error = draw(st.sampled_from(["fail", "continue", "branch"]))
        choose = draw(st.sampled_from(["all", "first"]))
        config = CONFIGS[kind] | ({"choose": choose} if kind == "router" else {})
        nodes.append({"id": name, "type": kind, "on_error": on_error, "config": config})
        labels = [None, *(["left", "right"] if kind == "router" else []), *(["error"] if on_error == "branch" else [])]
        pairs = [(later, label) for later in ids[at + 1 :] for label in labels]
        for later, label in draw(st.lists(st.sampled_from(pairs), unique=True, max_size=4)) if pairs else ():
            edges.append({"from": name, "to": later, "branch": label})
        ends[name] = draw(st.sampled_from(["done", "skip", *(["failed"] if on_error != "fail" else [])]))
        most = {"all": 2, "first": 1}[choose] if kind == "router" else 0
        chosen = draw(st.sets(st.sampled_from(["left", "right"]), max_size=most))
        live[name] = {
            "done": frozenset({None, *chosen}),
            "skip": NOTHING,
            "failed": frozenset({"error"} if on_error == "branch" else {None}),
        }[ends[name]]
    if draw(st.booleans()):
        nodes.append({"id": "out", "type": "repo_creation", "config": {"to": "zip"}})
        ends["out"], live["out"] = "done", frozenset({None})
    document = {"apiVersion": "repomill/v1", "name": "any", "nodes": draw(st.permutations(nodes)), "edges": edges}
    return Case(WorkflowSpec.model_validate(document), ends, live)


@settings(max_examples=400)
@given(cases(), st.data())
def test_a_node_runs_once_after_all_before_it_or_is_pruned_and_no_join_hangs(case: Case, data: st.DataObject) -> None:
    made = plan(case.spec)
    schedule = made.schedule()
    running, over, ran, pruned = set[str](), set[str](), list[str](), list[str]()
    while True:
        found = schedule.pruned()
        pruned += found
        over |= set(found)
        for node in schedule.ready():
            assert set(made.predecessors(node)) <= over, "it started before something it waits for was over"
            ran.append(node)
            running.add(node)
        if not schedule.active:
            break
        assert running, "nothing runs and nothing can start"
        ended = data.draw(st.sampled_from(sorted(running)))
        match case.ends[ended]:
            case "done":
                schedule.done(ended, [label for label in case.live[ended] if label])
            case "skip":
                schedule.skip(ended)
            case "failed":
                schedule.failed(ended)
        running.remove(ended)
        over.add(ended)
    expected = {node.id for node in case.spec.nodes if case.runs(node.id)}
    assert sorted(ran) == sorted(expected)
    assert sorted(pruned) == sorted(made.nodes.keys() - expected)


@given(cases())
def test_no_run_has_more_nodes_than_the_bound(case: Case) -> None:
    running = [node.id for node in case.spec.nodes if case.runs(node.id)]
    assert len(running) <= bound(case.spec).nodes <= len(case.spec.nodes)


@given(cases(), st.lists(st.integers(0, 9), min_size=10, max_size=10))
def test_no_run_weighs_more_than_the_dearest_nodes_together(case: Case, numbers: list[int]) -> None:
    weights = dict(zip((node.id for node in case.spec.nodes), numbers, strict=False))
    running = [node.id for node in case.spec.nodes if case.runs(node.id)]
    worst = most(drawn(case.spec), lambda node: weights[node.id], 0)
    assert sum(weights[node] for node in running) <= worst <= sum(weights.values())


@given(cases())
def test_whatever_is_pruned_at_once_comes_in_the_plans_order(case: Case) -> None:
    made = plan(case.spec)
    schedule = made.schedule()
    for node in schedule.ready():
        schedule.skip(node)
    found = schedule.pruned()
    assert list(found) == sorted(found, key=made.order.index)
