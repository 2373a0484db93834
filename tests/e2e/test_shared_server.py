"""A Prefect server that a person named: others may use it, so no command repoints it on the quiet."""

from pathlib import Path

from deployments.examples import example_folder
from tests.e2e.installation import Installation
from tests.e2e.prefect_server import PrefectServer

LIBRARY = example_folder("library") / "workflow.yaml"


def test_a_run_refuses_a_server_whose_blocks_point_elsewhere(stack: PrefectServer, tmp_path: Path) -> None:
    stranger = Installation.make(tmp_path / "stranger", PREFECT_API_URL=stack.api_url)
    done = stranger("run", LIBRARY)
    assert done.returncode == 3
    assert "repomill-database/default" in done.stderr
    assert "REPOMILL_DATABASE_URL" in done.stderr


def test_a_run_with_the_servers_own_storage_is_welcome(
    stack: PrefectServer, repomill: Installation, tmp_path: Path
) -> None:
    colleague = Installation.make(
        tmp_path / "colleague",
        PREFECT_API_URL=stack.api_url,
        REPOMILL_DATABASE_URL=f"sqlite:///{repomill.home}/repomill.db",
        REPOMILL_ARTIFACTS_URL=(repomill.home / "artifacts").as_uri(),
    )
    assert colleague.json("run", LIBRARY)["status"] == "completed"
