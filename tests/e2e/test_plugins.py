"""A plug-in package of a third party: written, installed from its directory, tested by its own tests, run."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.installation import Installation
from tests.e2e.prefect_server import PrefectServer

UV = Path(sys.executable).with_name("uv")


def install(package: Path, into: Path) -> Path:
    """Install a package from its directory, where only a process with this folder on its path finds it."""
    how = ("--quiet", "--no-deps", "--no-build-isolation")
    command: list[str | Path] = [UV, "pip", "install", *how, "--target", into, package]
    subprocess.run([*command, "--python", sys.executable], check=True, capture_output=True)
    return into


@pytest.fixture(scope="module")
def package(repomill: Installation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plugin") / "shout"
    done = repomill("node", "new", "shout", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def installed(package: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(install(package, tmp_path_factory.mktemp("site")))


def test_its_node_kind_and_its_tool_are_listed_with_their_package(repomill: Installation, installed: str) -> None:
    rows = repomill.json("node", "list", PYTHONPATH=installed)
    assert {(row["name"], row["what"]) for row in rows if row["from"] == "repomill-shout 0.1.0"} == {
        ("shout", "node"),
        ("shout", "tool"),
    }


def test_its_own_tests_pass(package: Path, installed: str, repomill: Installation) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", package],
        env=repomill.environment(PYTHONPATH=installed),
        cwd=package,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_its_workflow_runs(repomill: Installation, stack: PrefectServer, package: Path, installed: str) -> None:
    done = repomill.json("run", package / "workflow.yaml", "--input", "text=hello", PYTHONPATH=installed)
    assert repomill("project", "cat", done["project"], "README.md").stdout == "HELLO\n"


def test_without_it_the_workflow_is_refused(repomill: Installation, package: Path) -> None:
    done = repomill("workflow", "validate", package / "workflow.yaml")
    assert done.returncode == 2
    assert "unknown_node_type" in done.stderr


def test_a_package_that_cannot_be_imported_is_named_and_takes_nothing_else_down(
    repomill: Installation, package: Path, tmp_path: Path
) -> None:
    broken = install(package, tmp_path / "site")
    (broken / "repomill_shout" / "node.py").write_text("import a_module_that_is_not_there\n")
    listed = repomill("node", "list", PYTHONPATH=str(broken))
    assert listed.returncode == 0
    assert "entry point shout of repomill-shout 0.1.0 is not used: ModuleNotFoundError" in listed.stderr
    refused = repomill("workflow", "validate", package / "workflow.yaml", PYTHONPATH=str(broken))
    assert "plug-in repomill-shout 0.1.0 could not be used" in refused.stderr
