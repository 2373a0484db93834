"""`repomill execution` and `repomill workflow` on what is stored."""

from tests.fakes.stored_projects import SPEC, admitted
from tests.integration.cli.conftest import CommandLine


def test_nothing_there_is_said_with_what_to_do(repomill: CommandLine) -> None:
    assert repomill("execution", "list").err == "Nothing ran yet; `repomill run SPEC` starts something.\n"
    assert repomill("project", "list").err == "Nothing is generated yet.\n"
    assert repomill("workflow", "list").err == "No workflow is stored; `repomill workflow add SPEC` stores one.\n"


def test_an_execution_is_shown_with_its_nodes(repomill: CommandLine) -> None:
    stored = repomill.stored()
    ended = repomill("execution", "show", "latest")
    assert str(stored.execution.id) in ended.out
    assert "page" in ended.out
    assert "No calls." in ended.err
    shown = repomill.json("execution", "show", "latest")
    assert (shown["workflow"], shown["status"], shown["calls"]) == ("tea", "completed", [])
    assert [attempt["outcome"] for attempt in shown["attempts"]] == ["completed"]


def test_executions_are_listed_newest_first(repomill: CommandLine) -> None:
    first, second = (str(repomill.stored().execution.id) for _ in range(2))
    assert [row["id"] for row in repomill.json("execution", "list")] == [second, first]
    out = repomill("execution", "list").out
    assert out.index(second) < out.index(first)


def test_logs_are_sentences(repomill: CommandLine) -> None:
    repomill.stored()
    lines = repomill("execution", "logs", "latest").out.splitlines()
    assert [line.split(maxsplit=2)[2] for line in lines] == ["execution started (attempt 1)", "execution completed"]


def test_what_ended_is_not_cancelled(repomill: CommandLine) -> None:
    stored = repomill.stored()
    said = repomill.fails(2, "execution", "cancel", "latest")
    assert said.startswith(f"error: Execution {stored.execution.id} is completed already.")
    assert f"repomill execution show {stored.execution.id}" in said


def test_what_nobody_works_on_is_cancelled_at_once(repomill: CommandLine) -> None:
    execution = repomill.on_services(lambda services: admitted(services, repomill.folder))
    assert repomill("execution", "cancel", str(execution.id)[:8]).code == 0
    assert repomill.json("execution", "show", "latest")["status"] == "cancelled"


def test_a_stored_workflow_is_listed_and_shown_as_written(repomill: CommandLine) -> None:
    repomill.stored()
    [row] = repomill.json("workflow", "list")
    assert (row["name"], row["version"], row["description"]) == ("tea", 1, "Makes tea.")
    assert row["id"] in repomill("workflow", "list").out
    assert repomill("workflow", "show", "tea").out == SPEC
    assert repomill.json("workflow", "show", row["id"][:8])["description"] == "Makes tea."


def test_the_graph_and_the_inputs_of_a_file_are_printed(repomill: CommandLine) -> None:
    repomill.stored()
    assert repomill("workflow", "graph", "workflow.yaml").out.startswith("flowchart TD")
    assert [node["id"] for node in repomill.json("workflow", "graph", "workflow.yaml")["nodes"]] == ["page"]
    assert set(repomill("workflow", "schema", "workflow.yaml").json["properties"]) == {"kind", "cups", "server"}
    assert "nodes" in repomill.json("workflow", "schema")["properties"]
