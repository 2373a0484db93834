"""Nodes of one workflow that are configured alike."""

from itertools import count
from pathlib import Path

from tests.e2e.conftest import Models
from tests.e2e.installation import Installation
from tests.e2e.prefect_server import PrefectServer

ALIKE = """\
apiVersion: repomill/v1
name: alike
sources: {writer: {kind: openai, block: openai, model: small}}
nodes:
  - {id: first, type: input}
  - {id: second, type: input}
  - {id: left, type: llm, config: &idea {source: writer, prompt: "An idea, please.", max_tokens: 100, files: {}}}
  - {id: right, type: llm, config: *idea}
  - {id: after, type: llm, config: *idea}
edges:
  - {from: first, to: second}
  - {from: second, to: left}
  - {from: second, to: right}
  - {from: left, to: after}
"""


def test_nodes_alike_all_end_and_each_one_that_asks_keeps_its_own_answer(
    repomill: Installation, stack: PrefectServer, models: Models, tmp_path: Path
) -> None:
    numbers = count(1)
    models.answer_with(lambda _: {"files": [{"path": f"{next(numbers)}.txt", "content": "idea"}], "notes": ""})
    workflow = tmp_path / "workflow.yaml"
    workflow.write_text(ALIKE)
    done = repomill.json("run", workflow)
    shown = repomill.json("execution", "show", done["execution"])
    assert {node["status"] for node in shown["nodes"]} <= {"completed", "cached"}
    assert {file["path"] for file in repomill.json("project", "files", done["project"])} == {"1.txt", "2.txt", "3.txt"}
