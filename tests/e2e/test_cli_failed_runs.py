"""Runs that fail: what is said, the exit code, and that no answer is lost or paid for twice."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Models
from tests.e2e.installation import Installation
from tests.e2e.prefect_server import PrefectServer
from tests.e2e.specifications import FILES, WRITER, FailedRun, run_fails, specify
from tests.servers.model_server import Reply

pytestmark = pytest.mark.usefixtures("stack")


def files(*paths: str, content: str = "x = 1\n") -> Callable[[Any], Any]:
    """Answer with files of these paths."""
    return lambda _: {"files": [{"path": path, "content": content} for path in paths], "notes": ""}


def check_answer_is_kept(repomill: Installation, models: Models, failed: FailedRun, calls: int = 1) -> None:
    """The calls are settled, and going on asks for nothing again."""
    assert [call["state"] for call in failed.shown["calls"]] == ["settled"] * calls
    asked = len(models.requests)
    again = run_fails(repomill, 1, "execution", "resume", "latest")
    assert len(models.requests) == asked == calls
    assert again.shown["id"] == failed.shown["id"]
    assert again.shown["error"]["code"] == failed.shown["error"]["code"]


def test_an_answer_of_another_structure_fails_the_run_and_is_kept(
    repomill: Installation, stack: PrefectServer, models: Models, tmp_path: Path
) -> None:
    models.answer_with(lambda _: {"pages": []})
    failed = run_fails(repomill, 1, "run", specify(tmp_path, WRITER, FILES))
    assert {node["node"]: node["status"] for node in failed.shown["nodes"]} == {"page": "completed", "code": "failed"}
    assert stack.state(failed.shown["attempts"][-1]["flow_run"]) == "FAILED"
    assert "error: node code: Node code: the model's answer is not the structure asked for" in failed.said
    assert "hint:  " in failed.said
    assert f"repomill execution resume {failed.shown['id']}" in failed.said
    check_answer_is_kept(repomill, models, failed, calls=2)


def test_an_unsafe_path_from_a_model_goes_nowhere(repomill: Installation, models: Models, tmp_path: Path) -> None:
    models.answer_with(files("ok.py", "../../escape.py"))
    failed = run_fails(repomill, 1, "run", specify(tmp_path, WRITER, FILES))
    assert "../../escape.py" in failed.said
    assert [node["status"] for node in failed.shown["nodes"] if node["node"] == "code"] == ["failed"]
    assert not list(repomill.root.rglob("escape.py"))
    check_answer_is_kept(repomill, models, failed, calls=len(models.requests))


def test_two_nodes_that_write_one_path_are_named(repomill: Installation, models: Models, tmp_path: Path) -> None:
    models.answer_with(files("page.md"))
    failed = run_fails(repomill, 1, "run", specify(tmp_path, WRITER, FILES))
    assert "page.md is written by more than one node" in failed.said
    assert all(name in failed.said for name in ("code", "page"))
    assert [row["status"] for row in repomill.json("project", "list", "--limit", "1")] == ["failed"]
    assert [call["state"] for call in failed.shown["calls"]] == ["settled"]


def test_a_file_over_the_bound_is_refused_until_the_bound_is_raised(
    repomill: Installation, models: Models, tmp_path: Path
) -> None:
    models.answer_with(files("big.py", content="x" * 300))
    failed = run_fails(repomill, 1, "run", specify(tmp_path, WRITER), REPOMILL_MAX_FILE_SIZE="200")
    assert "big.py has 300 bytes, more than the 200 allowed." in failed.said
    assert "REPOMILL_MAX_FILE_SIZE" in failed.said
    done = repomill.json("execution", "resume", "latest")
    assert (done["status"], len(models.requests)) == ("completed", 1)


@pytest.mark.parametrize(
    ("answer", "bound", "code"),
    [({"pages": []}, "", "answer_not_usable"), (Reply(delay=8.0), "timeout: 2\n", "run_timeout")],
)
def test_a_failed_run_leaves_its_graph_in_the_prefect_ui_with_the_error(  # noqa: PLR0917  # three are parameters
    repomill: Installation, stack: PrefectServer, models: Models, tmp_path: Path, answer: Any, bound: str, code: str
) -> None:
    models.answer_with(lambda _: answer)
    failed = run_fails(repomill, 1, "run", specify(tmp_path, WRITER, FILES, bound))
    only = {"flow_run_id": {"any_": [failed.shown["attempts"][-1]["flow_run"]]}, "type": {"any_": ["markdown"]}}
    [text] = [found["data"] for found in stack.post("/artifacts/filter", artifacts=only) if "summary" in found["key"]]
    assert f"The run ended with `{code}`" in text
    assert "```mermaid" in text
    assert "completed" in text


def test_a_name_that_is_not_there_is_told_with_file_and_line(repomill: Installation, tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "a.md.j2").write_text("one\ntwo {{ nodes['none'].output }}\n")
    spec = specify(tmp_path, "  - {id: page, type: file_generation, config: {template: pages}}\n")
    failed = run_fails(repomill, 2, "run", spec)
    assert "pages/a.md.j2, line 2" in failed.said
    assert "none" in failed.said


def test_a_recorded_run_repeats_strictly_and_tells_what_differs(
    repomill: Installation, models: Models, tmp_path: Path
) -> None:
    models.answer_with(files("a.py"))
    spec, kept = specify(tmp_path, WRITER), ("--recordings", tmp_path / "recorded")
    first = repomill.json("run", spec, *kept)
    again = repomill.json("run", spec, *kept, "--mode", "strict")
    assert (again["tree"], len(models.requests)) == (first["tree"], 1)
    specify(tmp_path, WRITER.replace("Write.", "Write more."))
    failed = run_fails(repomill, 1, "run", spec, *kept, "--mode", "strict")
    assert "Node code, call 1: there is no recording of this request" in failed.said
    assert "Write more." in failed.said
    assert "mode live or replay" in failed.said
    assert len(models.requests) == 1


def test_a_source_without_a_block_names_the_block(repomill: Installation, models: Models, tmp_path: Path) -> None:
    failed = run_fails(repomill, 3, "run", specify(tmp_path, WRITER, block="elsewhere"))
    assert "Source writer needs the Prefect block repomill-openai/elsewhere" in failed.said
    assert models.requests == []


def test_a_provider_that_refuses_the_key_is_for_a_person(
    repomill: Installation, models: Models, tmp_path: Path
) -> None:
    models.answer_with(lambda _: Reply("no such key", status=401))
    failed = run_fails(repomill, 3, "run", specify(tmp_path, WRITER))
    assert "Source writer answered 401: no such key" in failed.said
    assert "the key of the source's block" in failed.said
