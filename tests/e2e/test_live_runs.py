"""Live runs: what a model server is asked, and what it is not asked again."""

from pathlib import Path

from deployments.examples import example_folder
from examples.record import answer_entries
from tests.e2e.clones import check_clone
from tests.e2e.conftest import Models
from tests.e2e.installation import Installation
from tests.e2e.prefect_server import PrefectServer
from tests.servers.model_server import scripted

ANSWERS = example_folder("service") / "answers"


def test_a_live_demo_asks_the_model_and_its_resume_asks_nothing(
    repomill: Installation, stack: PrefectServer, models: Models, tmp_path: Path
) -> None:
    models.answer_with(scripted(answer_entries(ANSWERS)))
    first = repomill.json("demo", "--live", "--model", "some-model")
    assert len(models.requests) == 5
    assert {request.body["model"] for request in models.requests} == {"some-model"}
    assert {request.headers["authorization"] for request in models.requests} == {"Bearer key-of-tests"}
    check_clone(first["git"], tmp_path / "clone")

    again = repomill.json("execution", "resume", first["execution"])
    assert again["tree"] == first["tree"]
    assert len(models.requests) == 5
