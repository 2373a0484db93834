"""Plans: order, the edges nobody writes, and the picture."""

from typing import Any

import pytest

from repomill.workflow.graph import Graph
from repomill.workflow.graph_views import Instance, view_nodes
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


ROUTED: list[dict[str, Any]] = [
    node("route", "router", {"branches": [{"name": "many", "when": True}], "default": "none"}),
    node(
        "modules",
        "loop",
        {
            "for_each": [1],
            "max_iterations": 3,
            "body": {
                "nodes": [node("check"), node("write", "file_generation", FILES)],
                "edges": [{"from": "check", "to": "write"}],
                "output": "{{ index }}",
            },
        },
        "Each module",
    ),
    node("out", "repo_creation", {"to": "zip"}),
]


def routed() -> Plan:
    edges = [{"from": "route", "to": "modules", "branch": name} for name in ("many", "none")]
    document = {"apiVersion": "repomill/v1", "name": "any", "nodes": ROUTED, "edges": edges}
    return plan(WorkflowSpec.model_validate(document))


def test_a_loop_holds_the_plan_of_its_body_and_writes_what_its_nodes_write() -> None:
    made = routed()
    assert made.body("modules").order == ("check", "write")
    assert made.body("modules").output == "{{ index }}"
    assert made.writers == ("modules",)
    assert made.implied == {("modules", "out")}
    assert made.branch_of("route", "modules") == {"many", "none"}
    assert [ids for ids, _ in made.all_nodes()][1:4] == [("modules",), ("modules", "check"), ("modules", "write")]


def test_instances_are_ordered_by_plan_and_iteration_and_not_by_text() -> None:
    paths = ["out", "modules[10].check", "modules[2].write", "modules[2].check", "modules", "route", "modules[10]"]
    assert sorted(paths, key=routed().instance_order) == [
        "route", "modules", "modules[2].check", "modules[2].write", "modules[10]", "modules[10].check", "out",
    ]  # fmt: skip
    with pytest.raises(KeyError):
        routed().instance_order("modules[0].out")


def test_the_picture_shows_branches_and_what_is_inside_a_loop() -> None:
    assert to_mermaid(routed()) == (
        "flowchart TD\n"
        '    n0{"route<br/>router"}\n'
        '    subgraph n1["Each module<br/>loop"]\n'
        '        n2["check<br/>input"]\n'
        '        n3["write<br/>file_generation"]\n'
        "        n2 --> n3\n"
        "    end\n"
        '    n4["out<br/>repo_creation"]\n'
        '    n0 -->|"many"| n1\n'
        '    n0 -->|"none"| n1\n'
        "    n1 -.-> n4\n"
    )


def test_the_picture_of_a_run_shows_states_time_cost_and_iterations() -> None:
    instances = [
        Instance("route", "cached"),
        Instance("modules", "running", 75),
        Instance("modules[0].write", "completed", 1.25, 0.01),
        Instance("modules[1].write", "completed", 1, 0.00001),
        Instance("modules[2].write", "failed", 3600 * 2),
        Instance("modules[0].check", "skipped", 0, 0.00001),
    ]
    lines = to_mermaid(routed(), view_nodes(instances)).splitlines()
    assert '    n0{"route<br/>router<br/>cached"}' in lines
    assert '    subgraph n1["Each module<br/>loop<br/>running · 1 min 15 s"]' in lines
    assert '        n2["check<br/>input<br/>skipped · #60;$0.0001"]' in lines
    assert '        n3["write<br/>file_generation<br/>1 failed, 2 completed · 2 h 0 min · $0.0100"]' in lines
    assert "    class n3 failed" in lines
    assert not any("n4" in line for line in lines if "class" in line)
