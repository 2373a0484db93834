"""An artefact store that goes away while a run goes on."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.e2e.agents import BOUND, asked, bare_repository, holding, run_arguments
from tests.e2e.conftest import Models
from tests.e2e.installation import Installation
from tests.e2e.prefect_server import PrefectServer
from tests.servers.waiting import wait_until


@contextmanager
def without(folder: Path) -> Iterator[None]:
    """Move a folder away for the length of the block; a file in its place keeps it from being made anew."""
    away = folder.rename(folder.with_name("away"))
    folder.touch()
    try:
        yield
    finally:
        folder.unlink()
        away.rename(folder)


def test_a_store_that_goes_away_halfway_costs_no_answer(
    repomill: Installation, stack: PrefectServer, models: Models, tmp_path: Path
) -> None:
    remote, store = bare_repository(tmp_path / "remote.git"), repomill.home / "artifacts"
    with ExitStack() as outage, repomill.start(*run_arguments(remote)) as run:
        with holding(models, ["review"]):
            wait_until(lambda: asked(models)["review"] or run.has_ended(), BOUND)
            outage.enter_context(without(store))
        assert run.wait() == 3, run.output
        output = run.output
    assert f"error: The artefact store {store} cannot be used" in output
    assert "then:  repomill execution resume" in output
    assert "Traceback" not in output
    assert repomill.json("execution", "resume", "latest")["status"] == "completed"
    assert repomill.json("storage", "check") == []
    assert asked(models)["review"] <= 2
    assert all(asked(models)[node] == 1 for node in ("plan", "left", "right", "tests"))
