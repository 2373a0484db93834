"""What the weekly report, retention and an automation leave for people to see, in a stack with some weeks behind it."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from repomill.calls.ledger import Usage
from repomill.settings import Settings
from repomill.trees.tree import TreeFile
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from tasks.services import Services
from tests.browser.conftest import FOLDER
from tests.browser.prefect_ui import PrefectUI
from tests.e2e.installation import Installation
from tests.e2e.prefect_server import PrefectServer
from tests.fakes.aged_projects import SetClock
from tests.fakes.many_projects import make_projects
from tests.fakes.stored_projects import store_project
from tests.integration.tasks.test_costs_and_budgets import spend
from tests.servers.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.browser

AUTOMATION = FOLDER.parents[1] / "examples" / "automations" / "export_when_completed.py"
NAME = "export what is completed"
RUNS = {"tea": 3, "cake": 2, "shop": 1}
"""So many runs a day, and one more on each day that follows."""
PRICE = Usage(1200, 400, Decimal("0.0185"))


# Before the browser, whose event loop keeps this thread's own from running.
@pytest.fixture(scope="module", autouse=True)
def weeks(installation: Installation, stack: PrefectServer) -> None:
    """A week of runs with calls and trees, and half a year of stored projects."""
    opened = Services.from_settings(Settings(home=installation.home, database_url="", artifacts_url=""))
    clock = SetClock()
    database = Database(f"sqlite:///{installation.home}/repomill.db", clock=clock)
    services = Services(database, opened.store, DEFAULT_SCOPE, "", opened.max_file_size)

    async def fill() -> None:
        for day in range(7):
            clock.now = datetime.now(UTC) - timedelta(days=6 - day)
            for project, runs in RUNS.items():
                for _ in range(runs + day % 4):
                    await spend(services, project, "large", PRICE)
        for number, project in enumerate(RUNS, 1):
            await store_project(services, installation.work, [TreeFile("leaves", bytes(4000 * number))], project)
        await make_projects(services, 60)
        await services.aclose()

    asyncio.run(fill())
    asyncio.run(opened.aclose())


@pytest.fixture(scope="module")
def usage_run(stack: PrefectServer) -> str:
    return completed(stack, "report-usage/usage")


def completed(stack: PrefectServer, deployment: str, **parameters: Any) -> str:
    """Start a run of a deployment and return its id once it has completed."""
    path = f"/deployments/{stack.deployment(deployment)['id']}/create_flow_run"
    run = str(stack.post(path, parameters=parameters)["id"])
    assert stack.wait_for(run) == "COMPLETED"
    return run


def test_the_usage_report_draws_its_charts(ui: PrefectUI, usage_run: str) -> None:
    ui.open_artifact(usage_run, "usage")
    ui.wait_for_texts("Runs of each day", "What is stored, in kB", "By project")
    charts = ui.page.locator("svg[id^=mermaid]")
    charts.nth(1).wait_for()
    charts.nth(0).get_by_text("runs", exact=True).wait_for()
    charts.nth(1).get_by_text("many").wait_for()
    ui.picture("usage")


def test_its_table_has_a_row_for_each_project(ui: PrefectUI, usage_run: str) -> None:
    ui.open_artifact(usage_run, "usage-by-project")
    for project in (*RUNS, "many"):
        ui.page.get_by_role("cell", name=project, exact=True).wait_for()


def test_costs_are_told_by_project_workflow_model_and_day(ui: PrefectUI, usage_run: str) -> None:
    ui.open_artifact(usage_run, "usage-costs")
    for heading in ("project", "workflow", "model", "day", "cost_usd"):
        ui.page.get_by_role("columnheader", name=heading, exact=True).wait_for()
    ui.page.get_by_role("cell", name="large", exact=True).first.wait_for()
    ui.picture("costs")


def test_its_files_are_downloaded_by_their_links(ui: PrefectUI, usage_run: str) -> None:
    ui.open_artifact(usage_run, "usage")
    link = ui.page.get_by_role("link", name="by project, csv")
    answer = httpx.get(str(link.get_attribute("href")), trust_env=False, timeout=PATIENCE)
    assert answer.text.splitlines()[0].startswith("project,runs,failed")
    assert any(line.startswith("tea,") for line in answer.text.splitlines())


def test_retention_says_what_would_go_and_then_what_went(
    ui: PrefectUI, installation: Installation, stack: PrefectServer
) -> None:
    planned = ui.open_artifact(completed(stack, "apply-retention/retention", dry_run=True), "retention")
    ui.page.get_by_role("cell", name="archive tree").wait_for()
    ui.wait_for_texts("would go")
    ui.picture("retention")
    run = completed(stack, "apply-retention/retention")
    assert ui.open_artifact(run, "retention")["data"] == planned["data"]
    ui.open_artifact(run, "retention-removals")
    ui.page.get_by_role("cell", name="archive tree").first.wait_for()
    assert installation.json("retention", "plan")["removals"] == []
    assert installation.json("storage", "check") == []


@pytest.fixture
def automation(installation: Installation, stack: PrefectServer) -> Iterator[None]:
    """The automation of the example; gone afterwards, as others use the stack."""
    make_automation(installation, stack)
    make_automation(installation, stack)  # brings it up to date, and makes no second one
    yield
    found = stack.post("/automations/filter", automations={"name": {"any_": [NAME]}})
    for automation in found:
        stack.send("DELETE", f"/automations/{automation['id']}").raise_for_status()


@pytest.mark.usefixtures("automation")
def test_the_example_automation_exports_what_is_completed(ui: PrefectUI, installation: Installation) -> None:
    library = FOLDER.parents[1] / "examples" / "library" / "workflow.yaml"
    done = installation.json("run", library)
    wait_until(lambda: exports(installation, done["project"]) == {"zip", "tar.zst"})
    ui.open("automations")
    ui.wait_for_texts(NAME)
    assert ui.page.get_by_text(NAME).count() == 1


def make_automation(installation: Installation, stack: PrefectServer) -> None:
    environment = installation.environment(PREFECT_API_URL=stack.api_url)
    subprocess.run([sys.executable, AUTOMATION], env=environment, check=True, cwd=installation.work)


def exports(installation: Installation, project: str) -> set[str]:
    """Return the kinds of completed exports."""
    rows = installation.json("project", "show", project)["exports"]
    return {row["type"] for row in rows if row["status"] == "completed"}
