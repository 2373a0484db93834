"""The demo, as somebody who just cloned the repository runs it."""

import re
from pathlib import Path

import pytest

from tests.e2e.clones import check_clone
from tests.e2e.installation import Completed, Installation
from tests.e2e.prefect_server import PrefectServer


def told(done: Completed) -> dict[str, str]:
    """Return the lines of a command's output by their first words."""
    assert done.returncode == 0, done.stderr
    return dict(re.split(r"\s{2,}", line, maxsplit=1) for line in done.stdout.splitlines())


@pytest.fixture(scope="module")
def facts(repomill: Installation, stack: PrefectServer) -> dict[str, str]:
    """What the first demo told."""
    return told(repomill("demo"))


def test_the_demo_makes_a_project_that_passes_its_own_tests(
    facts: dict[str, str], stack: PrefectServer, tmp_path: Path
) -> None:
    assert facts["status"] == "completed"
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", facts["tree"])
    assert int(facts["files"]) > 10
    assert Path(facts["tar.gz"]).is_file()
    assert facts["prefect"].startswith(stack.api_url.removesuffix("/api"))
    check_clone(facts["git"], tmp_path / "clone")


def test_a_second_demo_works_too(facts: dict[str, str], repomill: Installation) -> None:
    second = told(repomill("demo"))
    assert second["tree"] == facts["tree"]
    assert second["execution"] != facts["execution"]
