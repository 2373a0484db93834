"""How many task runs an execution costs the Prefect server, and what a resumed run shows there."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.agents import WORKFLOW, answer, bare_repository
from tests.e2e.conftest import Models
from tests.e2e.installation import Installation
from tests.e2e.prefect_server import PrefectServer
from tests.servers.waiting import wait_until

MANY_FILES = WORKFLOW.with_name("many_files.yaml")
NODES = 3
STEPS = 5
"""Task runs that are allowed beside those of the nodes."""


def newest_flow_run(repomill: Installation, reference: str) -> str:
    return str(repomill.json("execution", "show", reference)["attempts"][-1]["flow_run"])


@pytest.mark.parametrize("count", [2, 300])
def test_task_runs_follow_the_nodes_and_not_the_files(
    count: int, repomill: Installation, stack: PrefectServer, tmp_path: Path
) -> None:
    workflow = shutil.copy(MANY_FILES, tmp_path)
    (tmp_path / "files").mkdir()
    for number in range(count):
        (tmp_path / "files" / f"{number}.txt.j2").write_text(f"{number}: {{{{ 1 + {number} }}}}")
    done = repomill.json("run", workflow)
    assert done["files"] == count + 1
    assert len(stack.task_runs(newest_flow_run(repomill, done["execution"]))) <= NODES + STEPS


def test_nodes_of_a_resumed_run_are_cached(
    repomill: Installation, stack: PrefectServer, models: Models, tmp_path: Path
) -> None:
    models.answer_with(answer)
    remote = bare_repository(tmp_path / "remote.git")
    first = repomill.json("run", WORKFLOW, "--input", f"remote_url={remote.as_uri()}")
    again = repomill.json("execution", "resume", first["execution"])

    flow_runs = {done["execution"]: newest_flow_run(repomill, done["execution"]) for done in (first, again)}

    def states(reference: str) -> dict[str, Any]:
        runs = stack.task_runs(flow_runs[reference])
        return {run["name"]: run["state"]["name"] for run in runs}

    nodes = {"plan", "left", "right", "review", "tests", "page"}

    def cached(reference: str) -> set[str]:
        return {name for name, state in states(reference).items() if state == "Cached"}

    wait_until(lambda: states(first["execution"]).keys() >= nodes)  # task runs are recorded behind a run
    assert cached(first["execution"]) == set()
    wait_until(lambda: cached(again["execution"]) >= nodes)
    assert cached(again["execution"]) == nodes
    edges = {("plan", "left"), ("plan", "right"), ("left", "review"), ("right", "review"), ("review", "tests")}
    for flow_run in flow_runs.values():
        assert edges | {("review", "page")} <= arrows(stack, flow_run, nodes)


def arrows(stack: PrefectServer, flow_run: str, labels: Iterable[str]) -> set[tuple[str, str]]:
    """Return which task run follows which, by their names."""
    graph = stack.graph(flow_run, *labels)
    names = {node["id"]: label for label, node in graph.items()}
    return {(names[parent["id"]], label) for label, node in graph.items() for parent in node["parents"]}


def test_nodes_that_only_compute_follow_each_other_in_the_graph(
    repomill: Installation, stack: PrefectServer, tmp_path: Path
) -> None:
    chain = "\n".join(
        f"  - {{id: {node}, type: input, config: {{values: {{number: {value}}}}}}}"
        for node, value in {"one": "1", "two": '"{{ nodes.one.output.number + 1 }}"', "again": "1"}.items()
    )
    edges = "edges: [{from: one, to: two}, {from: one, to: again}]"
    workflow = tmp_path / "chain.yaml"
    workflow.write_text(f"apiVersion: repomill/v1\nname: chain\nnodes:\n{chain}\n{edges}\n")
    done = repomill.json("run", workflow)
    flow_run = newest_flow_run(repomill, done["execution"])
    assert arrows(stack, flow_run, ("one", "two", "again")) == {("one", "two"), ("one", "again")}
