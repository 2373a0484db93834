"""The counting server as its own process, as tests that kill runs use it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fakes.agent_runs import ask, runner_for


@contextmanager
def served(*options: str) -> Iterator[str]:
    program = [sys.executable, "-m", "tests.servers.model_server", *options]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


async def test_it_prints_its_url_answers_by_script_and_counts(tmp_path: Path) -> None:
    answers, count = tmp_path / "answers.json", tmp_path / "count.jsonl"
    answers.write_text(json.dumps([{"status": 503, "times": 1}, {"contains": "plan", "reply": "A plan."}]))
    with served("--answers", str(answers), "--count-file", str(count)) as url:
        async with runner_for(url) as agents:
            planned = await agents.run(ask("Make a plan."))
            other = await agents.run(ask("Write files.", "write", files=True))
    assert planned.output == {"text": "A plan."}
    assert len(other.files) == 1
    lines = [json.loads(line) for line in count.read_text().splitlines()]
    assert [(line["number"], line["prompt"]) for line in lines] == [
        (1, "Make a plan."),
        (2, "Make a plan."),
        (3, "Write files."),
    ]
    assert lines[0]["digest"] == lines[1]["digest"] != lines[2]["digest"]
