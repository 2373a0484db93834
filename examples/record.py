"""Renews an example's recordings: `python -m examples.record service`, from the top of a checkout.

The answers are the files in `examples/NAME/answers`, written by hand: `NODE.json` for structured output, a folder
`NODE` with NOTES.md for files, and asked.json with words of the prompt that each one answers. A local server that
speaks OpenAI's protocol plays them while the workflow's nodes run, and the call ledger records what it sees.
`--answers-file FILE` only writes them in the form that `python -m tests.servers.model_server --answers` takes.
"""

import argparse
import asyncio
import json
import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

from repomill.agents.runner import AgentRunner
from repomill.agents.source import ModelSource
from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import LedgerMode
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.calls.recordings import Recordings
from repomill.workflow.validation import validate_file
from tests.fakes.node_runs import defaults, run_nodes
from tests.servers.model_server import model_server, scripted

EXAMPLES = Path(__file__).parent


def answer_entries(answers: Path) -> list[dict[str, Any]]:
    """Return the model server's entries; a prompt that none of them answers is refused, never made up."""
    asked = json.loads((answers / "asked.json").read_text(encoding="utf-8"))
    written = [{"contains": words, "reply": _reply(answers / node)} for node, words in asked.items()]
    return [*written, {"status": 400, "reply": "no answer is written for this prompt"}]


async def record(example: Path, recordings: Path) -> None:
    """Replace the recordings by those of one run with the default inputs; nothing is published."""
    spec = validate_file(example / "workflow.yaml")
    shutil.rmtree(recordings, ignore_errors=True)
    inputs = defaults(spec) | {"remote_url": "file:///never-pushed.git"}
    with model_server(scripted(answer_entries(example / "answers"))) as server:
        sources = {
            name: ModelSource(name=name, base_url=server.base_url, model=source.model or "")
            for name, source in spec.sources.items()
        }
        calls = LedgeredCalls(MemoryCallLedger(uuid4()), LedgerMode.LIVE, Recordings(recordings))
        async with AgentRunner(sources, calls) as agents:
            await run_nodes(spec, example, inputs, agents, calls)


def _reply(node: Path) -> Any:
    structured = node.with_suffix(".json")
    if structured.exists():
        return json.loads(structured.read_text(encoding="utf-8"))
    files = [
        {"path": path.relative_to(node).as_posix(), "content": path.read_text(encoding="utf-8")}
        for path in sorted(node.rglob("*.py"))
    ]
    return {"files": files, "notes": (node / "NOTES.md").read_text(encoding="utf-8").strip()}


def main() -> None:
    """Record one example, or write its answers file."""
    parser = argparse.ArgumentParser(description="Renew an example's recordings.")
    parser.add_argument("example", help="folder below examples/")
    parser.add_argument("--answers-file", type=Path, help="only write the model server's answers file")
    options = parser.parse_args()
    example = EXAMPLES / options.example
    if options.answers_file:
        entries = json.dumps(answer_entries(example / "answers"), indent=2, ensure_ascii=False)
        options.answers_file.write_text(entries + "\n", encoding="utf-8")
    else:
        asyncio.run(record(example, example / "recordings"))


if __name__ == "__main__":
    main()
