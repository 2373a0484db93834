"""The Prefect UI in a real browser: forms that people fill in, and what a run leaves for them to see."""

import io
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.browser.prefect_ui import PrefectUI
from tests.e2e.installation import Installation, run_git
from tests.servers.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def flow_run(ui: PrefectUI, form: str) -> str:
    """A run that was started from the form with one field filled in; it has ended."""
    ui.open(form)
    ui.page.get_by_label("Package name").fill("seen_library")
    return ui.submit()


def test_the_form_has_the_workflows_inputs_with_their_defaults_and_nothing_else(ui: PrefectUI, form: str) -> None:
    ui.open(form)
    wait_until(lambda: ui.page.get_by_label("Package name").input_value() == "little_library")
    wait_until(lambda: ui.page.get_by_label("Author").input_value() == "The authors")
    ui.wait_for_texts("Name of the Python package.", "Adds a command line and its tests.", "MIT")
    for technical in ("Workflow version", "Execution", "Acting user"):
        assert not ui.text(technical).is_visible()
    ui.picture("form")


def test_a_value_the_workflow_does_not_take_is_refused_in_the_form(ui: PrefectUI, form: str) -> None:
    ui.open(form)
    ui.page.get_by_label("Package name").fill("Not A Name")
    wait_until(lambda: ui.press_submit().status == 409)
    ui.wait_for_texts("does not match")


def test_a_run_from_the_form_shows_its_graph_and_artifacts(ui: PrefectUI, flow_run: str) -> None:
    nodes = ("Render the package", "Assemble the tree", "Record the project", "Archive the project")
    graph = ui.server.graph(flow_run, *nodes)
    ui.open_run(flow_run, "TaskRuns")
    ui.wait_for_texts(*nodes)
    ui.page.locator("canvas").first.wait_for()
    parents = [parent["id"] for parent in graph["Archive the project"]["parents"]]
    assert parents == [graph["Record the project"]["id"]]
    ui.open_run(flow_run, "Artifacts")
    ui.wait_for_texts("library-summary", "library-files", "library-export-archive", "library-progress")


def test_the_summary_draws_graph_and_files(ui: PrefectUI, flow_run: str) -> None:
    ui.open_artifact(flow_run, "library-summary")
    ui.wait_for_texts("seen_library/", "greeting.py")
    ui.page.locator("svg[id^=mermaid]").get_by_text("Render the package").wait_for()
    ui.picture("summary")
    ui.open_artifact(flow_run, "library-files")
    ui.page.get_by_role("cell", name="seen_library/greeting.py").wait_for()
    assert ui.open_artifact(flow_run, "library-progress")["data"] == 100


def test_the_link_of_the_archive_downloads_it(ui: PrefectUI, flow_run: str) -> None:
    ui.open_artifact(flow_run, "library-export-archive")
    link = ui.page.get_by_role("link", name="Download library.zip")
    answer = httpx.get(str(link.get_attribute("href")), trust_env=False, timeout=PATIENCE)
    assert answer.status_code == 200
    names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert any(name.endswith("seen_library/greeting.py") for name in names)


def test_a_stored_project_is_pushed_from_the_form_of_an_export(ui: PrefectUI, flow_run: str, tmp_path: Path) -> None:
    run_git("init", "--quiet", "--bare", str(tmp_path / "remote.git"))
    summary = ui.open_artifact(flow_run, "library-summary")["data"]
    deployment = ui.server.deployment("export-repository/export")["id"]
    ui.open(f"deployments/deployment/{deployment}/run")
    ui.page.get_by_label("Generated project").fill(summary.partition("Generated project `")[2][:36])
    ui.open_tab("Git remote")
    ui.page.get_by_label("URL").fill(f"file://{tmp_path}/remote.git")
    ui.open_run(ui.submit(), "Artifacts")
    ui.wait_for_texts("library-export-git")
    assert "seen_library/greeting.py" in run_git("ls-tree", "-r", "--name-only", "main", cwd=tmp_path / "remote.git")


def test_the_page_that_the_demo_names_shows_its_nodes_by_their_titles(
    ui: PrefectUI, installation: Installation
) -> None:
    page = installation.json("demo")["prefect"]
    nodes = ("Plan the modules", "Write the tests", "Push to the Git remote")
    ui.server.graph(page.rpartition("/")[2], *nodes)
    ui.open(page)
    ui.open_tab("Artifacts")
    ui.wait_for_texts("flagpost-summary", "flagpost-export-push")
    ui.picture("run")
    ui.open_tab("Task Runs")
    ui.wait_for_texts(*nodes)
