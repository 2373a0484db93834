"""The four node kinds: what each makes of its configuration."""

from typing import Any

import pytest
from pydantic import ValidationError

from repomill.agents.request import AgentAnswer, AgentRequest
from repomill.errors import TemplateNotFound
from repomill.nodes.base import NodeContext, NodeResult
from repomill.nodes.registry import kind
from repomill.publishing.exports import Exported, ExportTarget
from repomill.trees.tree import TreeFile
from tests.fakes.node_runs import taken

TEMPLATES = (TreeFile("{{ inputs.name }}.md.j2", b"# {{ title }}"), TreeFile("run.sh", b"echo {{ }}", "100755"))


class Parts:
    """Agents, templates and exports in memory; they keep what they were asked."""

    def __init__(self, *files: TreeFile) -> None:
        self.requests: list[AgentRequest] = []
        self.targets: list[ExportTarget] = []
        self._written = files

    async def run(self, request: AgentRequest) -> AgentAnswer:
        self.requests.append(request)
        return AgentAnswer({"text": "answer", "notes": "noted"}, self._written)

    async def files(self, folder: str) -> tuple[TreeFile, ...]:
        if folder != "pages":
            raise TemplateNotFound(folder)
        return TEMPLATES

    async def publish(self, node_path: str, target: ExportTarget) -> Exported:
        self.targets.append(target)
        return Exported("1", target.kind, "file:///x.git", "sha256:0", "abc")


async def run(name: str, config: dict[str, Any], parts: Parts | None = None) -> NodeResult:
    parts, declaration = parts or Parts(), kind(name)
    context = NodeContext("here", {"inputs": {"name": "tea"}}, parts, parts, parts, max_file_size=100)
    return taken(await declaration.run(declaration.config_model.model_validate(config), context))


async def test_input_hands_the_inputs_on_with_what_is_derived() -> None:
    assert (await run("input", {"values": {"slug": "t"}})).output == {"name": "tea", "slug": "t"}
    assert (await run("input", {"values": {"name": "other"}})).output == {"name": "other"}


async def test_inline_files_keep_their_folder_and_mode() -> None:
    files = [{"path": "a.sh", "content": "hi", "executable": True}, {"path": "b/c", "content": ""}]
    result = await run("file_generation", {"files": files, "into": "src"})
    assert result.files == (TreeFile("src/a.sh", b"hi", "100755"), TreeFile("src/b/c", b""))
    assert result.output == {"files": ["src/a.sh", "src/b/c"]}


async def test_a_template_folder_is_rendered_in_names_and_contents() -> None:
    result = await run("file_generation", {"template": "pages", "values": {"title": "Tea"}, "into": "docs"})
    assert {file.path: (file.content, file.mode) for file in result.files} == {
        "docs/tea.md": (b"# Tea", "100644"),
        "docs/run.sh": (b"echo {{ }}", "100755"),
    }


async def test_a_template_folder_that_was_not_stored() -> None:
    with pytest.raises(TemplateNotFound):
        await run("file_generation", {"template": "elsewhere"})


async def test_an_agent_is_asked_what_the_configuration_says() -> None:
    parts = Parts()
    config = {"source": "main", "prompt": "Do.", "max_tokens": 7, "temperature": 0.5, "repairs": 1, "model": "m"}
    assert (await run("llm", config, parts)).output == {"text": "answer", "notes": "noted"}
    [asked] = parts.requests
    assert (asked.node_path, asked.source, asked.prompt, asked.max_tokens) == ("here", "main", "Do.", 7)
    assert (asked.temperature, asked.repairs, asked.model, asked.files) == (0.5, 1, "m", False)


async def test_files_of_an_agent_go_into_its_folder() -> None:
    parts = Parts(TreeFile("a.py", b"1"))
    config = {"source": "main", "prompt": "Do.", "max_tokens": 7, "files": {"into": "src"}}
    result = await run("llm", config, parts)
    assert result.files == (TreeFile("src/a.py", b"1"),)
    assert result.output == {"files": ["src/a.py"], "notes": "noted"}
    assert parts.requests[0].files


async def test_publishing_hands_the_target_on_and_says_where_it_went() -> None:
    parts = Parts()
    config = {"to": "git", "url": "file:///x.git", "branch": "b", "message": "m", "credentials": "c"}
    result = await run("repo_creation", config, parts)
    assert parts.targets == [ExportTarget("git", "file:///x.git", "b", "m", "c")]
    assert result.output == {
        "export_id": "1",
        "kind": "git",
        "url": "file:///x.git",
        "tree_digest": "sha256:0",
        "commit": "abc",
        "request": "",
    }


@pytest.mark.parametrize(
    ("name", "config", "said"),
    [
        ("file_generation", {}, "give 'files', a 'template' folder or a 'copier' template"),
        ("file_generation", {"template": "a", "copier": {"template": "b"}}, "exclude each other"),
        ("file_generation", {"copier": {"template": ""}}, "at least 1 character"),
        ("file_generation", {"copier": {"template": "gh:a/b"}}, "a Git URL needs a 'ref'"),
        ("file_generation", {"copier": {"template": "a", "ref": "1.0"}}, "'ref' goes with a Git URL"),
        ("file_generation", {"copier": {"template": "ext::sh", "ref": "1"}}, "'ref' goes with a Git URL"),
        ("file_generation", {"copier": {"template": "ftp://h/x", "ref": "1"}}, "write one of file:///"),
        ("file_generation", {"copier": {"template": "https://u:p@h/x", "ref": "1"}}, "it holds credentials"),
        ("file_generation", {"copier": {"template": "gh:a/b", "ref": "--upload-pack=x"}}, "--upload-pack=x"),
        ("file_generation", {"copier": {"template": "a", "allow": ["all"]}}, "'extensions' or 'tasks'"),
        ("file_generation", {"files": [{"path": "", "content": ""}]}, "at least 1 character"),
        ("llm", {"source": "main", "prompt": "Do."}, "max_tokens"),
        ("llm", {"source": "main", "prompt": "", "max_tokens": 1}, "prompt"),
        (
            "llm",
            {"source": "m", "prompt": "p", "max_tokens": 1, "files": {}, "output_schema": {}},
            "exclude each other",
        ),
        ("llm", {"source": "m", "prompt": "p", "max_tokens": 0}, "greater than 0"),
        ("repo_creation", {"to": "git"}, "'to: git' needs it"),
        ("repo_creation", {"to": "zip", "url": "file:///x"}, "'url' goes with 'to: git'"),
        ("repo_creation", {"to": "github", "repository": "ada/shop"}, "'credentials' names the block"),
        ("repo_creation", {"to": "rar"}, "is no target; there are zip, tar, tar.gz, tar.zst, git"),
        ("input", {"value": {}}, "Extra inputs are not permitted"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(name: str, config: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        kind(name).config_model.model_validate(config)
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "config", "fields"),
    [
        ("llm", {"source": "m", "prompt": "p", "max_tokens": 1}, {"text"}),
        ("llm", {"source": "m", "prompt": "p", "max_tokens": 1, "files": {}}, {"files", "notes"}),
        ("repo_creation", {"to": "zip"}, {"export_id", "kind", "url", "tree_digest", "commit", "request"}),
        ("file_generation", {"template": "t"}, {"files"}),
        ("input", {}, set()),
    ],
)
def test_the_output_is_declared(name: str, config: dict[str, Any], fields: set[str]) -> None:
    declaration = kind(name)
    schema = declaration.output_schema(declaration.config_model.model_validate(config))
    assert schema.get("properties", {}).keys() == fields


def test_an_output_schema_of_ones_own_is_the_declared_output() -> None:
    schema = {"type": "object", "properties": {"x": {"const": "{{ not rendered }}"}}}
    config = {"source": "m", "prompt": "p", "max_tokens": 1, "output_schema": schema}
    assert kind("llm").output_schema(kind("llm").config_model.model_validate(config)) == schema


def test_what_a_node_may_write_is_known_before_it_runs() -> None:
    llm, files = kind("llm"), kind("file_generation")
    asked = {"source": "m", "prompt": "p", "max_tokens": 1}
    assert not llm.writes_files(llm.config_model.model_validate(asked))
    assert llm.writes_files(llm.config_model.model_validate(asked | {"files": {}}))
    inline = [{"path": "a", "content": ""}, {"path": "{{ inputs.name }}", "content": ""}]
    config = files.config_model.model_validate({"files": inline, "into": "src"})
    assert files.static_paths(config) == ("src/a",)


def test_sources_of_fallbacks_and_nodes_of_attachments_are_those_of_the_node() -> None:
    llm, stated = kind("llm"), {"source": "main", "prompt": "Do.", "max_tokens": 7}
    config = llm.config_model.model_validate(
        stated | {"fallback": [{"source": "other"}, {"source": "main", "model": "m"}], "attach": [{"from": "plan"}]}
    )
    assert (llm.sources(config), llm.files_read(config)) == (("main", "other"), ("plan",))
    assert all(llm.source_kinds_of(config, name) == llm.source_kinds for name in ("main", "other"))
