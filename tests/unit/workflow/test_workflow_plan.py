"""Plans: order, the edges nobody writes, and the picture."""

from typing import Any

import pytest

from repomill.workflow.graph import Graph
from repomill.workflow.mermaid import to_mermaid
from repomill.workflow.plan import Plan, plan
from repomill.workflow.spec import WorkflowSpec

FILES = {"files": [{"path": "a.txt", "content": "x"}]}
AGENT = {"source": "models", "prompt": "Hi", "max_tokens": 9}


def node(name: str, kind: str = "input", config: dict[str, Any] | None = None, title: str = "") -> dict[str, Any]:
    return {"id": name, "type": kind, "config": config or {}, "title": title}


def plan_of(nodes: list[dict[str, Any]], edges: list[tuple[str, str]]) -> Plan:
    stated = [{"from": earlier, "to": later} for earlier, later in edges]
    return plan(
        WorkflowSpec.model_validate({"apiVersion": "repomill/v1", "name": "any", "nodes": nodes, "edges": stated})
    )


DIAMOND = plan_of([node("a"), node("b"), node("c"), node("d")], [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")])


def test_neighbours_and_ancestors() -> None:
    assert DIAMOND.successors("a") == ("b", "c")
    assert DIAMOND.predecessors("d") == ("b", "c")
    assert DIAMOND.ancestors("d") == {"a", "b", "c"}
    assert DIAMOND.ancestors("a") == frozenset()


def test_publishing_follows_every_node_that_writes_files() -> None:
    made = plan_of(
        [
            node("out", "repo_creation", {"to": "zip"}),
            node("files", "file_generation", FILES),
            node("agent", "llm", AGENT | {"files": {}}),
            node("text", "llm", AGENT),
        ],
        [("files", "out")],
    )
    assert made.implied == {("agent", "out")}
    assert made.predecessors("out") == ("files", "agent")
    assert "text" not in made.ancestors("out")


def test_no_edge_is_implied_where_a_path_leads_already() -> None:
    nodes = [node("w", "file_generation", FILES), node("m"), node("out", "repo_creation", {"to": "zip"})]
    assert plan_of(nodes, [("w", "m"), ("m", "out")]).implied == frozenset()


def test_a_cycle_is_found_along_its_edges() -> None:
    graph = Graph(("a", "b", "c", "d"), (("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")))
    assert set(graph.first_cycle()) == {"b", "c"}
    assert graph.without(("c", "b")).first_cycle() == ()


def test_the_picture_shows_titles_kinds_and_both_sorts_of_arrows() -> None:
    nodes = [
        node("end"),
        node("w", "file_generation", FILES, "Write files"),
        node("out", "repo_creation", {"to": "zip"}),
    ]
    assert to_mermaid(plan_of(nodes, [("end", "w")])) == (
        "flowchart TD\n"
        '    n0["end<br/>input"]\n'
        '    n1["Write files<br/>file_generation"]\n'
        '    n2["out<br/>repo_creation"]\n'
        "    n0 --> n1\n"
        "    n1 -.-> n2\n"
    )


def test_a_title_cannot_break_out_of_its_label() -> None:
    picture = to_mermaid(plan_of([node("a", title='x"] --> b; <script>\n```')], []))
    assert picture.splitlines()[1:] == [
        '    n0["x#34;#93; --#62; b#59; #60;script#62; #96;#96;#96;<br/>input"]',
    ]


def test_a_plan_without_loops_has_no_bodies() -> None:
    with pytest.raises(KeyError):
        DIAMOND.body("a")
    assert [ids for ids, _ in DIAMOND.all_nodes()] == [(node_id,) for node_id in DIAMOND.order]
    assert DIAMOND.last == ("d",)


def test_branches_of_edges_are_kept() -> None:
    assert DIAMOND.branch_of("a", "b") == {None}
    assert DIAMOND.branch_of("a", "d") == frozenset()
