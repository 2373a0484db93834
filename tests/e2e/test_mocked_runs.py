"""Runs with mocks: nothing outside is asked, and the run says so."""

from pathlib import Path

import pytest

from tests.e2e.conftest import Models
from tests.e2e.installation import Installation
from tests.e2e.prefect_server import PrefectServer

SHOP = Path(__file__).parents[2] / "examples" / "shop" / "workflow.yaml"


@pytest.fixture(scope="module")
def project(repomill: Installation, stack: PrefectServer) -> str:
    """The shop example, which needs a database, an API and a provider of images, without any of them."""
    return str(repomill.json("run", SHOP, "--mock")["project"])


def test_nodes_answer_what_the_workflow_says_and_the_others_do_their_work(repomill: Installation, project: str) -> None:
    paths = {file["path"] for file in repomill.json("project", "files", project)}
    assert {"docs/cover.png", "docs/black/assam.md", "docs/green/index.md", "README.md", "pyproject.toml"} <= paths
    assert "| 19.0 | 0 |" in repomill("project", "cat", project, "docs/green/gyokuro.md").stdout


def test_a_run_without_mocks_needs_the_blocks(repomill: Installation, stack: PrefectServer, models: Models) -> None:
    done = repomill("run", SHOP)
    assert done.returncode == 3
    assert "shop" in done.stderr
    assert models.requests == []
