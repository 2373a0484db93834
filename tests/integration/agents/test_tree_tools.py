"""Agents that work on files."""

import json

import pytest

from repomill.errors import AgentCallsExhausted
from repomill.trees.tree import TreeFile
from tests.fakes.agent_tools import Call, FilesInMemory, run_llm, script

WRITTEN = {"path": "src/a.py", "content": "print(1)\n"}


async def test_what_an_agent_writes_becomes_the_files_of_its_node() -> None:
    said = await run_llm(script([("write_file", WRITTEN)], "Done."), ["tree"])
    assert said.files == {"src/a.py": "print(1)\n"}
    assert said.result.output_with(said.files) == {"text": "Done.", "files": ["src/a.py"]}


async def test_files_of_upstream_nodes_are_read_and_never_changed() -> None:
    ports = {"node_files": FilesInMemory({"plan": [TreeFile("plan.md", b"Build it.")]})}
    calls = [("read_file", {"path": "plan.md"}), ("write_file", {"path": "plan.md", "content": "No."})]
    said = await run_llm(script(calls, "Done."), [{"tree": {"from": ["plan"]}}], ports=ports)
    assert json.loads(said.told[0]) == {"content": "Build it."}
    assert "belongs to another node" in said.told[1]
    assert said.files == {}


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("../x", "'..' part"),
        ("/etc/passwd", "is absolute"),
        (".git/config", "'.git'"),
        ("con.txt", "device on Windows"),
    ],
)
async def test_unsafe_paths_are_told_to_the_model_which_may_choose_better(path: str, told: str) -> None:
    turns: list[list[Call] | str] = [
        [("write_file", {"path": path, "content": ""})],
        [("write_file", WRITTEN)],
        "Done.",
    ]
    said = await run_llm(script(*turns), ["tree"])
    assert told in said.told[0]
    assert list(said.files) == ["src/a.py"]


async def test_files_are_listed_searched_moved_and_deleted() -> None:
    calls: list[Call] = [
        ("write_file", WRITTEN),
        ("write_file", {"path": "b.txt", "content": "Tea\ntwo\n", "executable": True}),
        ("search_files", {"text": "tea", "ignore_case": True}),
        ("move_file", {"path": "b.txt", "to": "docs/c.txt"}),
        ("delete_file", {"path": "src/a.py"}),
        ("list_files", {}),
    ]
    said = await run_llm(script(calls, "Done."), ["tree"])
    assert json.loads(said.told[2]) == {"found": [{"path": "b.txt", "line": 1, "text": "Tea"}]}
    assert json.loads(said.told[5]) == [{"path": "docs/c.txt", "size": 8}]
    assert [(file.path, file.mode) for file in said.result.files] == [("docs/c.txt", "100755")]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (("read_file", {"path": "none"}), "there is no file 'none'"),
        (("read_file", {"pth": "none"}), "'path' is a required property"),
        (("read_file", {"path": "a", "offset": -1}), "offset: -1 is less than the minimum of 0"),
        (("move_file", {"path": "none", "to": "b"}), "there is no file 'none'"),
        (("delete_file", {"path": "none"}), "there is no file 'none'"),
    ],
)
async def test_wrong_calls_are_told_in_words(call: Call, told: str) -> None:
    said = await run_llm(script([call], "Done."), ["tree"])
    assert told in said.told[0]


async def test_calls_beyond_the_bound_of_a_function_are_refused() -> None:
    calls: list[Call] = [("list_files", {})] * 3
    said = await run_llm(script(calls, "Done."), [{"tree": {"max_calls": 2}}])
    assert said.told[:2] == ["[]", "[]"]
    assert "list_files may be called 2 times, and was. Finish without it." in said.told[2]


async def test_an_agent_that_never_answers_ends_at_the_bound_of_its_calls() -> None:
    with pytest.raises(AgentCallsExhausted, match="within 3 calls"):
        await run_llm(script(*[[("list_files", {})]] * 4), ["tree"], max_calls=3)


async def test_two_files_that_some_system_takes_for_one_are_refused() -> None:
    calls = [("write_file", {"path": "A.txt", "content": ""}), ("write_file", {"path": "a.txt", "content": ""})]
    said = await run_llm(script(calls, "Done."), ["tree"])
    assert "a.txt" in said.told[1]
    assert list(said.files) == ["A.txt"]
