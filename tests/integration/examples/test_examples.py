import json
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from examples.record import record
from repomill.agents.request import AgentAnswer, AgentRequest
from repomill.agents.runner import AgentRunner
from repomill.agents.source import ModelSource
from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import LedgerMode
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.calls.recordings import Recordings
from repomill.canonical import Json
from repomill.workflow.validation import validate_file
from tests.fakes.node_runs import NodesRun, defaults, run_nodes

EXAMPLES = Path(__file__).parents[3] / "examples"
SERVICE = EXAMPLES / "service"
REMOTE = "file:///srv/git/flagpost.git"


class WritesText:
    """An agent that always writes the same."""

    async def run(self, request: AgentRequest) -> AgentAnswer:
        return AgentAnswer({"text": f"Text for: {request.prompt}"})


async def run_example(name: str, inputs: dict[str, Json]) -> NodesRun:
    spec = validate_file(EXAMPLES / name / "workflow.yaml")
    # Strict mode: the sources give their model's name, and are never asked.
    sources = {key: ModelSource(name=key, model=source.model or "") for key, source in spec.sources.items()}
    recordings = Recordings(EXAMPLES / name / "recordings")
    calls = LedgeredCalls(MemoryCallLedger(UUID(int=1)), LedgerMode.STRICT, recordings)
    async with AgentRunner(sources, calls) as agents:
        return await run_nodes(spec, EXAMPLES / name, defaults(spec) | inputs, agents, calls)


def check(project: Path, *command: str) -> None:
    done = subprocess.run([sys.executable, *command], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def check_project(project: Path) -> None:
    check(project, "-B", "-W", "error", "-m", "unittest")
    check(project, "-m", "ruff", "check", "--no-cache")
    check(project, "-m", "ruff", "format", "--check", "--no-cache")
    check(project, "-m", "mypy", "--cache-dir", "/dev/null")


@pytest.mark.parametrize("name", ["library", "restock", "service", "starter"])
def test_an_example_has_no_fault(name: str) -> None:
    assert validate_file(EXAMPLES / name / "workflow.yaml").name == name


@pytest.mark.parametrize("name", ["library", "restock", "service", "starter"])
def test_every_input_makes_a_good_form_field(name: str) -> None:
    schema = validate_file(EXAMPLES / name / "workflow.yaml").inputs
    assert [field["position"] for field in schema["properties"].values()] == list(range(len(schema["properties"])))
    for field_name, field in schema["properties"].items():
        assert {"title", "description"} <= set(field)
        assert "default" in field or field_name in schema["required"]


async def test_recordings_alone_make_a_service_that_passes_its_own_tests_and_checks(tmp_path: Path) -> None:
    run = await run_example("service", {"remote_url": REMOTE})
    assert {target.kind for target in run.targets.values()} == {"tar.gz", "git"}
    assert (run.targets["push"].url, run.targets["push"].branch) == (REMOTE, "main")
    check_project(run.checkout(tmp_path))


async def test_licence_author_and_versions_need_no_new_recording() -> None:
    inputs: dict[str, Json] = {"licence": "MIT", "author": "Ada", "python_versions": ["3.13", "3.12"]}
    run = await run_example("service", inputs | {"remote_url": REMOTE})
    assert run.files["LICENSE"].content.startswith(b"MIT License\n\nCopyright (c) Ada\n")
    assert b'requires-python = ">=3.12"' in run.files["pyproject.toml"].content
    assert b'python: ["3.13", "3.12"]' in run.files[".github/workflows/ci.yml"].content


async def test_the_recordings_are_those_of_the_written_answers_and_todays_prompts(tmp_path: Path) -> None:
    await record(SERVICE, tmp_path)
    renewed, shipped = (
        {path.parent.name: path for path in root.glob("*/*.json")} for root in (tmp_path, SERVICE / "recordings")
    )
    assert set(renewed) == set(shipped) == set(json.loads((SERVICE / "answers" / "asked.json").read_text()))
    for node, path in renewed.items():
        assert path.read_text() == shipped[node].read_text()


@pytest.mark.parametrize("licence", ["MIT", "BSD-2-Clause"])
@pytest.mark.parametrize("cli", [True, False])
async def test_a_library_passes_its_own_tests_and_checks(cli: bool, licence: str, tmp_path: Path) -> None:
    run = await run_example("library", {"name": "tidy_tables", "cli": cli, "licence": licence})
    assert ("tidy_tables/__main__.py" in run.files) is ("tests/test_main.py" in run.files) is cli
    assert not any(path.endswith(".j2") or "_macros" in path for path in run.files)
    check_project(run.checkout(tmp_path))


async def test_the_starter_makes_a_page() -> None:
    spec = validate_file(EXAMPLES / "starter" / "workflow.yaml")
    run = await run_nodes(spec, EXAMPLES / "starter", defaults(spec), WritesText())
    page = run.files["README.md"].content.decode()
    assert page.startswith("# Lighthouses\n\nText for: Write an introduction to lighthouses for beginners")
