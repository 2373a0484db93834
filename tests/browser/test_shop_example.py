"""The shop example from the Prefect UI, on a real database, a real HTTP API and a server that speaks the images API."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from tests.browser.conftest import FOLDER
from tests.browser.prefect_ui import PrefectUI
from tests.e2e.installation import Installation
from tests.e2e.prefect_server import PrefectServer
from tests.servers import postgresql
from tests.servers.image_server import ImageServer, image_server
from tests.servers.stock_api import TOKEN, StockApi, stock_api

pytestmark = pytest.mark.browser

SHOP = FOLDER.parents[1] / "examples" / "shop" / "workflow.yaml"
PRODUCTS = (
    "CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, category TEXT, price NUMERIC(8, 2))",
    "INSERT INTO products VALUES (1, 'Sencha', 'green', 4.50), (2, 'Gyokuro', 'green', 19), (3, 'Assam', 'black', 6)",
)

MAKE_BLOCKS = """
import os
from prefect_sqlalchemy import SqlAlchemyConnector
from blocks.http_api import BearerToken, HttpApi
from blocks.image_provider import ImageProvider

SqlAlchemyConnector(connection_info=os.environ["SHOP_DATABASE"]).save("shop", overwrite=True)
HttpApi(
    base_url=os.environ["SHOP_STOCK"], document="stock", authentication=BearerToken(token=os.environ["SHOP_TOKEN"])
).save("shop", overwrite=True)
ImageProvider(api_key="key", base_url=os.environ["SHOP_IMAGES"]).save("shop", overwrite=True)
"""


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """URL of a PostgreSQL database with the shop's table."""
    with (
        tempfile.TemporaryDirectory(prefix="pg-") as folder,
        postgresql.postgresql_server(Path(folder) / "data") as server,
    ):
        url = postgresql.create_database(server, "shop")
        engine = create_engine(url)
        with engine.begin() as connection:
            for statement in PRODUCTS:
                connection.exec_driver_sql(statement)
        engine.dispose()
        yield url


@pytest.fixture(scope="module")
def stock() -> Iterator[StockApi]:
    with stock_api({1: 12, 2: 0}) as api:
        yield api


@pytest.fixture(scope="module")
def studio() -> Iterator[ImageServer]:
    with image_server() as server:
        yield server


@pytest.fixture(scope="module")
def form(installation: Installation, stack: PrefectServer, database: str, stock: StockApi, studio: ImageServer) -> str:
    """The URL of the workflow's form, once its blocks are there."""
    settings = {"SHOP_DATABASE": database, "SHOP_STOCK": stock.url, "SHOP_TOKEN": TOKEN, "SHOP_IMAGES": studio.base_url}
    environment = installation.environment(PREFECT_API_URL=stack.api_url, **settings)
    subprocess.run([sys.executable, "-c", MAKE_BLOCKS], env=environment, check=True, cwd=installation.work)
    installation.json("source", "discover", "stock", f"{stock.url}/openapi.json")
    return str(installation.json("workflow", "add", SHOP)["form"])


@pytest.fixture(scope="module")
def flow_run(ui: PrefectUI, form: str) -> str:
    ui.open(form)
    ui.page.get_by_label("Name of the shop").fill("Corner Shop")
    return ui.submit()


def test_rows_levels_pages_cover_and_package_are_in_the_tree(
    installation: Installation, flow_run: str, tmp_path: Path
) -> None:
    installation.json("project", "checkout", "latest", tmp_path / "shop")
    root = tmp_path / "shop"
    assert "| 19.0 | 0 |" in (root / "docs/green/gyokuro.md").read_text()
    assert (root / "docs/green/sencha.md").read_text() == "# Sencha\n\nOnly 4.5.\n"
    assert "From 6.0: Assam." in (root / "docs/black/index.md").read_text()
    assert (root / "docs/cover.png").read_bytes().startswith(b"\x89PNG")
    assert 'name = "corner-shop"' in (root / "pyproject.toml").read_text()
    assert (root / "README.md").read_text().startswith("# Corner Shop")


def test_the_graph_leads_from_the_loops_predecessors_through_its_body_to_what_follows(
    ui: PrefectUI, flow_run: str
) -> None:
    after = ("shelves[0].of_category", "shelves[1].index", "Write the README")
    before = ("Find the categories", "shelves[1].pages", "Write a shelf for each category")
    graph = ui.server.graph(flow_run, *before, *after)
    parents = {label: {parent["id"] for parent in node["parents"]} for label, node in graph.items()}
    for first, second in zip(before, after, strict=True):
        assert graph[first]["id"] in parents[second]
    ui.open_run(flow_run, "TaskRuns")
    ui.page.locator("canvas").first.wait_for()
    ui.picture("loops")


def test_the_summary_draws_branches_and_loops(ui: PrefectUI, flow_run: str) -> None:
    ui.open_artifact(flow_run, "shop-summary")
    ui.page.locator("svg[id^=mermaid]").get_by_text("Write a shelf for each category").wait_for()
    ui.picture("summary-of-loops")


def test_each_service_was_asked_once(flow_run: str, stock: StockApi, studio: ImageServer) -> None:
    assert stock.asked == ["listStock"]
    assert len(studio.requests) == 1
