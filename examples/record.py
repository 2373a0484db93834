"""Renews an example's recordings: `python -m examples.record service`, from the top of a checkout.

The answers are the files in `examples/NAME/answers`, written by hand: `NODE.json` for structured output, a folder
`NODE` with NOTES.md for files, and asked.json with words of the prompt that each one answers. A local server that
speaks OpenAI's protocol plays them to a workflow that runs as always, and the call ledger records what it sees.
`--answers-file FILE` only writes them in the form that `python -m tests.servers.model_server --answers` takes.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.servers.model_server import model_server, scripted

EXAMPLES = Path(__file__).parent
REPOMILL = Path(sys.executable).with_name("repomill")


def answer_entries(answers: Path) -> list[dict[str, Any]]:
    """Return the model server's entries; a prompt that none of them answers is refused, never made up."""
    asked = json.loads((answers / "asked.json").read_text(encoding="utf-8"))
    written = [{"contains": words, "reply": _reply(answers / node)} for node, words in asked.items()]
    return [*written, {"status": 400, "reply": "no answer is written for this prompt"}]


def record(example: Path) -> None:
    """Replace the example's recordings by those of one run."""
    shutil.rmtree(example / "recordings", ignore_errors=True)
    with (
        model_server(scripted(answer_entries(example / "answers"))) as server,
        tempfile.TemporaryDirectory() as scratch,
    ):
        remote = Path(scratch) / "remote.git"
        subprocess.run(["git", "init", "--quiet", "--bare", remote], check=True)
        environment = os.environ | {
            "OPENAI_BASE_URL": server.base_url,
            "OPENAI_API_KEY": "local",
            "REPOMILL_HOME": f"{scratch}/home",
        }
        run = [str(REPOMILL), "run", str(example / "workflow.yaml"), "--mode", "live"]
        run += ["--recordings", str(example / "recordings"), "--input", f"remote_url={remote.as_uri()}"]
        try:
            subprocess.run(run, check=True, env=environment)
        finally:
            subprocess.run([str(REPOMILL), "down"], check=False, env=environment)


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
        entries = answer_entries(example / "answers")
        options.answers_file.write_text(json.dumps(entries, indent=2, ensure_ascii=False), encoding="utf-8")
    else:
        record(example)


if __name__ == "__main__":
    main()
