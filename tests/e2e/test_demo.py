"""The demo, as somebody who just cloned the repository runs it."""

import re
from pathlib import Path

from tests.e2e.clones import check_clone
from tests.e2e.installation import Completed, Installation
from tests.e2e.prefect_server import PrefectServer


def told(done: Completed) -> dict[str, str]:
    """Return the lines of a command's output by their first words."""
    assert done.returncode == 0, done.stderr
    return dict(re.split(r"\s{2,}", line, maxsplit=1) for line in done.stdout.splitlines())


def test_the_demo_makes_a_project_that_passes_its_own_tests(
    repomill: Installation, stack: PrefectServer, tmp_path: Path
) -> None:
    facts = told(repomill("demo"))
    assert facts["status"] == "completed"
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", facts["tree"])
    assert int(facts["files"]) > 10
    assert Path(facts["tar.gz"]).is_file()
    assert facts["prefect"].startswith(stack.api_url.removesuffix("/api"))
    check_clone(facts["git"], tmp_path / "clone")


def test_a_second_demo_works_too(repomill: Installation, stack: PrefectServer, tmp_path: Path) -> None:
    first = told(repomill("demo"))
    second = told(repomill("demo"))
    assert second["tree"] == first["tree"]
    assert second["execution"] != first["execution"]
