"""What commands print about a run: JSON on standard output and nothing else there, words on standard error."""

import json
from pathlib import Path

import pytest

from tests.e2e.installation import Installation
from tests.e2e.prefect_server import PrefectServer
from tests.e2e.specifications import FILES, specify

pytestmark = pytest.mark.usefixtures("stack")

DEEP = '  - {id: bytes, type: file_generation, config: {files: [{path: deep/a.bin, content: "é\\t"}]}}\n'


def test_a_run_prints_one_object_and_tells_its_steps_on_standard_error(repomill: Installation, tmp_path: Path) -> None:
    done = repomill("run", specify(tmp_path, FILES), "--format", "json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["status"], told["files"]) == (0, "completed", 1)
    for step in ("execution started", "page started", "page completed", "tree stored", "execution completed"):
        assert step in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_a_run_here_imports_no_integration_that_it_does_not_use(repomill: Installation, tmp_path: Path) -> None:
    done = repomill("run", specify(tmp_path, FILES), PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0
    assert "flows.run_workflow" in done.stderr
    assert "prefect_github" not in done.stderr


def test_what_happened_can_be_read_as_json(repomill: Installation, tmp_path: Path) -> None:
    run = repomill.json("run", specify(tmp_path, FILES, DEEP), "--project", "mine")
    shown = repomill.json("execution", "show", run["execution"])
    assert {node["node"]: (node["status"], node["files"]) for node in shown["nodes"]} == {
        "page": ("completed", 1),
        "bytes": ("completed", 1),
    }
    assert repomill.json("project", "show", run["project"])["project"] == "mine"
    events = repomill.json("execution", "logs", "latest")
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    assert repomill.json("execution", "logs", "latest", "--after", len(events)) == []
    assert repomill.json("execution", "list")[0]["id"] == run["execution"]
    followed = repomill("execution", "logs", run["execution"], "--follow", "--format", "json").stdout
    assert [json.loads(line) for line in followed.splitlines()] == events
    assert repomill("project", "cat", run["project"], "deep/a.bin").stdout == "é\t"


def test_adding_a_workflow_twice_is_one_version_and_one_deployment(
    repomill: Installation, stack: PrefectServer, tmp_path: Path
) -> None:
    spec = specify(tmp_path, FILES, name="twice")
    first = repomill.json("workflow", "add", spec)
    assert repomill.json("workflow", "add", spec) == first
    assert first["version"] == 1
    specify(tmp_path, FILES, DEEP, name="twice")
    second = repomill.json("workflow", "add", spec)
    assert (second["version"], second["form"]) == (2, first["form"])
    assert stack.deployment("run-workflow/twice")["parameters"]["workflow_version"] == second["id"]
    [row] = [row for row in repomill.json("workflow", "list") if row["name"] == "twice"]
    assert (row["version"], row["id"]) == (2, second["id"])


def test_a_stored_workflow_is_shown_as_it_was_written_and_runs_by_name(repomill: Installation, tmp_path: Path) -> None:
    spec = specify(tmp_path, FILES, name="named")
    repomill.json("workflow", "add", spec)
    assert repomill("workflow", "show", "named").stdout == spec.read_text()
    assert repomill.json("workflow", "show", "latest")["name"] == "named"
    spec.unlink()
    assert repomill.json("run", "named")["status"] == "completed"


def test_graph_and_schema_are_printed_for_people_and_programs(repomill: Installation, tmp_path: Path) -> None:
    spec = specify(tmp_path, FILES, DEEP)
    assert repomill("workflow", "graph", spec).stdout.startswith("flowchart TD")
    graph = repomill.json("workflow", "graph", spec)
    assert [node["id"] for node in graph["nodes"]] == ["page", "bytes"]
    assert repomill.json("workflow", "schema")["type"] == "object"
    assert isinstance(repomill.json("workflow", "schema", spec), dict)


def test_a_second_up_finds_the_first(repomill: Installation, stack: PrefectServer) -> None:
    told = repomill.json("up")
    assert told["prefect_api"] == stack.api_url
    assert Path(told["home"]) == repomill.home
    assert {row["state"] for row in repomill.json("doctor")} == {"ok"}
