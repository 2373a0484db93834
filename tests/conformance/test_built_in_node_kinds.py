"""Node kinds on agents, templates and exports keep the rules; the others are held to them beside their own tests."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from repomill.agents.request import AgentAnswer, AgentRequest
from repomill.nodes.file_generation import FileGeneration
from repomill.nodes.llm import Llm
from repomill.nodes.registry import kinds
from repomill.nodes.repo_creation import RepoCreation
from repomill.publishing.exports import Exported, ExportTarget
from repomill.testing import Case, conformance
from repomill.testing.checks import Check
from repomill.trees.tree import TreeFile

KEY = "sk-key-of-an-agent"
ASKING = {"source": "main", "prompt": "Write.", "max_tokens": 100}
INLINE = {"files": [{"path": "src/a.py", "content": "a = 1\n"}, {"path": "run.sh", "content": "", "executable": True}]}


@dataclass
class Parts:
    """Agents, templates and exports in memory."""

    answer: AgentAnswer = field(default_factory=lambda: AgentAnswer({"text": "done"}))
    key: str = KEY

    async def run(self, request: AgentRequest) -> AgentAnswer:
        return self.answer

    async def files(self, folder: str) -> tuple[TreeFile, ...]:
        return (TreeFile("{{ inputs.name }}.md.j2", b"# {{ inputs.name }}"), TreeFile("logo.png", b"\x89PNG"))

    async def publish(self, node_path: str, target: ExportTarget) -> Exported:
        return Exported("1", target.kind, "file:///shop.git", "sha256:0", "abc")


def case(name: str, config: dict[str, Any], answer: AgentAnswer | None = None) -> Case:
    parts = Parts(answer) if answer else Parts()
    ports = {"agents": parts, "templates": parts, "exports": parts}
    return Case(config, scope={"inputs": {"name": "tea"}}, ports=ports, secrets=(KEY,), name=name)


FILES = AgentAnswer({"files": ["a.py"], "notes": ""}, (TreeFile("a.py", b"a = 1"),))

CHECKS = [
    *conformance(FileGeneration(), case("inline files", INLINE), case("a folder", {"template": "pages", "into": "x"})),
    *conformance(Llm(), case("text", ASKING), case("files", ASKING | {"files": {"into": "src"}}, FILES)),
    *conformance(RepoCreation(), case("archive", {"to": "zip"}), case("git", {"to": "git", "url": "file:///shop.git"})),
]


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_a_built_in_kind_keeps_the_rules(check: Check) -> None:
    check()


def test_every_built_in_kind_is_held_to_the_rules_somewhere() -> None:
    tests = [path.read_text(encoding="utf-8") for path in Path(__file__).parents[1].rglob("test_*.py")]
    held = [text for text in tests if "conformance(" in text]
    built_in = {type(kind).__name__ for kind in kinds().values() if not kind.package}
    assert {name for name in built_in if not any(_holds(text, name) for text in held)} == set()


def _holds(text: str, name: str) -> bool:
    return f"{name}()" in text or f'kind("{name.lower()}")' in text or f'kinds()["{name.lower()}"]' in text
