"""Specifications written by tests, and what a failed run of one says."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.installation import Completed, Installation

HEAD = """\
apiVersion: repomill/v1
name: {name}
sources: {{writer: {{kind: openai, block: {block}, model: small}}}}
nodes:
"""

FILES = '  - {id: page, type: file_generation, config: {files: [{path: page.md, content: "# Page"}]}}\n'
WRITER = "  - {id: code, type: llm, config: {source: writer, max_tokens: 99, prompt: Write., files: {}, repairs: 1}}\n"


def specify(folder: Path, *nodes: str, name: str = "spec", block: str = "openai") -> Path:
    """Write a specification of these nodes, with no edges between them."""
    path = folder / f"{name}.yaml"
    path.write_text(HEAD.format(name=name, block=block) + "".join(nodes))
    return path


@dataclass(frozen=True)
class FailedRun:
    """A run that failed: what the command said, and what `execution show` knows of it."""

    done: Completed
    shown: Any

    @property
    def said(self) -> str:
        return self.done.stderr


def run_fails(repomill: Installation, code: int, *arguments: object, **more: str) -> FailedRun:
    """Run what must end with this exit code, after it started."""
    done = repomill(*arguments, cwd=None, **more)
    assert done.returncode == code, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr, done.stderr
    return FailedRun(done, repomill.json("execution", "show", "latest"))
