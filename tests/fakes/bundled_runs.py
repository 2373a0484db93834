"""A workflow that asks a model, a painter, a database and an HTTP API, to be recorded here and replayed elsewhere."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import SecretStr

from repomill.agents.source import ModelSource
from repomill.apis.source import ApiSource, Bearer
from repomill.databases.source import DatabaseSource
from repomill.errors import RepomillError
from repomill.images.source import ImageSource
from repomill.settings import Settings
from storage.database.transitions import GeneratedProjectStatus
from storage.database.work import Work
from tasks.open_execution import open_execution
from tasks.run_graph import run_graph
from tasks.services import Services
from tasks.steps import once
from tasks.tree_steps import assemble_tree, record_project
from tests.fakes.plain_task_runs import PlainTaskRuns
from tests.fakes.walks import Count
from tests.servers.image_server import ImageServer, image_server
from tests.servers.model_server import ModelServer, model_server
from tests.servers.stock_api import TOKEN, StockApi, stock_api

KEY = "sk-sentinel-of-bundles"

SPEC = """
apiVersion: repomill/v1
name: tea-shop
inputs: {type: object, properties: {tea: {type: string}}}
sources:
  writer: {kind: openai, block: writer}
  painter: {kind: images, block: painter}
  shop: {kind: database, block: shop}
  stock: {kind: http, block: stock}
nodes:
  - id: praise
    type: llm
    config: {source: writer, prompt: "Praise {{ inputs.tea }}.", max_tokens: 50, memory: {key: tea}}
  - {id: cup, type: image, config: {source: painter, prompt: A cup., path: cup.png}}
  - {id: teas, type: db, config: {source: shop, sql: SELECT name FROM teas, as: csv, path: teas.csv}}
  - {id: stock, type: api_call, config: {source: stock, operation: listStock, save_as: stock.json}}
  - {id: readme, type: file_generation, config: {template: templates, into: docs}}
edges:
  - {from: praise, to: readme}
"""


@dataclass(frozen=True)
class Shop:
    """The servers, and the workflow in a folder of its own."""

    model: ModelServer
    images: ImageServer
    stock: StockApi
    spec: Path
    teas: Path

    def sources(self) -> dict[str, Any]:
        """Return what blocks would hold; models are named there and not in the specification."""
        return {
            "writer": ModelSource(
                name="writer", base_url=self.model.base_url, api_key=SecretStr(KEY), model="gpt-4o-mini"
            ),
            "painter": ImageSource(
                name="painter", base_url=self.images.base_url, api_key=SecretStr(KEY), model="gpt-image-1"
            ),
            "shop": DatabaseSource(name="shop", url=SecretStr(f"sqlite:///{self.teas}")),
            "stock": ApiSource(
                name="stock",
                block="stock",
                base_url=self.stock.url,
                auth=Bearer(token=SecretStr(TOKEN)),
                document="stock",
            ),
        }

    @property
    def asked(self) -> int:
        """How often the model, the painter and the API were asked."""
        return len(self.model.requests) + len(self.images.requests) + len(self.stock.asked)


@contextmanager
def tea_shop(folder: Path) -> Iterator[Shop]:
    """Run everything the workflow asks."""
    (folder / "templates").mkdir(parents=True)
    (folder / "templates" / "README.md").write_text("# {{ inputs.tea }}\n{{ nodes.praise.output.text }}\n")
    (spec := folder / "workflow.yaml").write_text(SPEC)
    with sqlite3.connect(teas := folder / "teas.db") as connection:
        connection.executescript("CREATE TABLE teas (name TEXT); INSERT INTO teas VALUES ('Assam'), ('Bancha');")
    with model_server() as model, image_server() as images, stock_api({1: 5}) as stock:
        yield Shop(model, images, stock, spec, teas)


def services_at(home: Path, database_url: str) -> Services:
    """Return services with a store of their own."""
    home.mkdir(parents=True, exist_ok=True)
    return Services.from_settings(Settings(home=home, database_url=database_url, artifacts_url=""))


async def run_here(services: Services, execution: UUID) -> BaseException | None:
    """Run an execution to its end, its tree recorded and nothing published; return what it raised."""
    try:
        async with open_execution(services, "", {}, execution, None) as run:
            run.task_runs = PlainTaskRuns()

            async def store() -> None:
                await record_project(run, await assemble_tree(run))

            tree = once(store)
            await run_graph(run, tree, Count(), publish=False)
            await tree()
    except RepomillError as error:
        return error
    return None


async def tree_of(services: Services, execution: UUID) -> str | None:
    """Return the digest of the tree an execution generated."""

    def digest(work: Work) -> str | None:
        project = work.generated_projects.of_execution(execution)
        assert project is None or project.status is GeneratedProjectStatus.COMPLETED
        return project.tree_digest if project else None

    return await services.database.run(services.scope, digest)
