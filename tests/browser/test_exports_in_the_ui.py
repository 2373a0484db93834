"""A person exports from the Prefect UI: plans, looks, applies, edits by hand, and finds the edit after the next one."""

from collections.abc import Iterator

import pytest

from tests.browser.conftest import LIBRARY
from tests.browser.prefect_ui import PrefectUI
from tests.e2e.git_credentials import make_block
from tests.e2e.installation import Installation
from tests.fakes.host_exports import PATH, TOKEN, Rig, host_rig
from tests.integration.publishing.exports import edit_by_hand, texts_at

pytestmark = pytest.mark.browser

LICENCE, README = "LICENSE", "README.md"
OWNER, _, NAME = PATH.partition("/")


@pytest.fixture(scope="module")
def rig(ui: PrefectUI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A Gitea with nothing in it, and a block with a token of it."""
    with host_rig("gitea", tmp_path_factory.mktemp("served") / "host") as running:
        make_block(ui.server, "repomill-gitea-token", "ada", {"url": running.server.url, "token": TOKEN})
        yield running


def generate(installation: Installation, author: str) -> str:
    """Return the id of a project that a run made."""
    return str(installation.json("run", LIBRARY, "--input", f"author={author}")["project"])


def plan(ui: PrefectUI, project: str) -> str:
    """Ask from the form what an export would do; return the id of the plan."""
    ui.open(f"deployments/deployment/{ui.server.deployment('export-repository/export')['id']}/run")
    ui.page.get_by_label("Generated project").fill(project)
    ui.open_tab("Host")
    ui.page.get_by_label("Owner or group").fill(OWNER)
    ui.page.get_by_label("Name", exact=True).fill(NAME)
    ui.page.get_by_label("Credentials block").fill("ada")
    ui.choose("Host", "gitea")
    ui.turn_on("Plan only")
    ui.picture("export-form")
    page = str(ui.open_artifact(ui.submit(), "library-export-plan")["data"])
    return page.partition("with the plan `")[2][:36]


def apply(ui: PrefectUI, plan: str) -> str:
    """Do what a plan says from the form for that; return the flow run."""
    ui.open(f"deployments/deployment/{ui.server.deployment('apply-export-plan/apply-plan')['id']}/run")
    ui.page.get_by_label("Plan").fill(plan)
    return ui.submit()


def test_an_edit_by_hand_survives_the_next_generation(ui: PrefectUI, installation: Installation, rig: Rig) -> None:
    first = plan(ui, generate(installation, "The authors"))
    ui.page.get_by_role("cell", name=README).wait_for()
    assert not rig.server.kept
    ui.open_run(apply(ui, first), "Artifacts")
    ui.wait_for_texts("library-export-gitea")
    generated = texts_at(rig.git)
    edit_by_hand(rig.git, {README: generated[README] + "\nBy hand.\n"})
    second = plan(ui, generate(installation, "Ada Lovelace"))
    ui.page.get_by_role("cell", name=LICENCE).wait_for()
    ui.wait_for_texts("Ada Lovelace")
    assert ui.page.get_by_role("cell", name=README).count() == 0
    ui.picture("export-plan")
    ui.open_run(apply(ui, second), "Artifacts")
    ui.wait_for_texts("library-export-gitea")
    now = texts_at(rig.git)
    assert now[README] == generated[README] + "\nBy hand.\n"
    assert "Ada Lovelace" in now[LICENCE]
