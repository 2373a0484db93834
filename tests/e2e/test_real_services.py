"""PostgreSQL and an S3 server in place of files: the same examples run, and no machine keeps anything."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from deployments.examples import example_folder
from tests.e2e.agents import BOUND, asked, bare_repository, holding, run_arguments
from tests.e2e.conftest import Models
from tests.e2e.installation import Installation
from tests.servers import postgresql
from tests.servers.s3 import swift_server
from tests.servers.waiting import wait_until

SERVICE, LIBRARY = example_folder("service"), example_folder("library")


@dataclass(frozen=True)
class Services:
    """An installation on real services, and the folder of its PostgreSQL."""

    repomill: Installation
    postgresql: Path

    def left_on_disk(self) -> list[Path]:
        """Return what a run must not leave: payloads, a database, temporary folders."""
        own = [self.repomill.home / "artifacts", self.repomill.home / "repomill.db"]
        return [path for path in [*own, *self.repomill.tmp.glob("repomill-*")] if path.exists()]


@pytest.fixture(scope="module")
def services(all_models: Models) -> Iterator[Services]:
    with (
        tempfile.TemporaryDirectory(prefix="rm-") as name,
        postgresql.postgresql_server(Path(name).resolve() / "pg") as database_url,
        swift_server(Path(name).resolve() / "swift") as s3,
    ):
        installation = Installation.make(
            Path(name).resolve() / "own",
            REPOMILL_DATABASE_URL=postgresql.create_database(database_url, "repomill"),
            REPOMILL_ARTIFACTS_URL=s3.url("artifacts"),
            REPOMILL_MINIO_ACCESS_KEY=s3.access_key,
            REPOMILL_MINIO_SECRET_KEY=s3.secret_key,
            OPENAI_API_KEY="key-of-tests",
            OPENAI_BASE_URL=all_models.server.base_url,
        )
        try:
            installation.up()
            yield Services(installation, Path(name).resolve() / "pg")
        finally:
            installation("down")


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    return bare_repository(tmp_path / "remote.git")


WHERE = pytest.mark.parametrize("where", [(), ("--deployment",)], ids=["here", "on the worker"])


@WHERE
def test_the_library_runs(where: tuple[str, ...], services: Services, tmp_path: Path) -> None:
    done = services.repomill.json("run", LIBRARY / "workflow.yaml", *where)
    assert done["status"] == "completed"
    assert "def greet" in services.repomill("project", "cat", done["project"], "little_library/greeting.py").stdout
    assert services.repomill("project", "export", done["project"], "--to", f"zip:{tmp_path}/it.zip").returncode == 0
    assert (tmp_path / "it.zip").stat().st_size > 0
    wait_until(lambda: services.left_on_disk() == [])  # a process of the worker ends behind its run


@WHERE
def test_the_service_runs(where: tuple[str, ...], services: Services, remote: Path) -> None:
    answers = ("--mode", "strict", "--recordings", SERVICE / "recordings")
    given = ("--input", f"remote_url={remote.as_uri()}")
    done = services.repomill.json("run", SERVICE / "workflow.yaml", *answers, *given, *where)
    assert (done["status"], done["git"]) == ("completed", remote.as_uri())
    wait_until(lambda: services.left_on_disk() == [])  # a process of the worker ends behind its run


def test_a_database_that_goes_down_halfway_costs_no_answer(services: Services, models: Models, remote: Path) -> None:
    repomill = services.repomill
    with ExitStack() as down, repomill.start(*run_arguments(remote)) as run:
        with holding(models, ["review"]):
            wait_until(lambda: asked(models)["review"] or run.has_ended(), BOUND)
            assert not run.has_ended(), run.output
            down.enter_context(postgresql.stopped(services.postgresql))
        assert run.wait() == 3, run.output
        output = run.output
    assert "error: " in output
    assert "Traceback" not in output
    assert repomill.json("execution", "resume", "latest")["status"] == "completed"
    assert repomill.json("storage", "check") == []
    assert {node: asked(models)[node] for node in ("plan", "left", "right")} == {"plan": 1, "left": 1, "right": 1}
    assert asked(models)["review"] <= 2
