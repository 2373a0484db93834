"""Databases, tables and files within whole runs: what is asked once, and what runs again when a file has changed."""

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prefect_sqlalchemy import ConnectionComponents, SqlAlchemyConnector  # type: ignore[import-untyped]  # no py.typed
from pydantic import SecretStr

import tasks.open_execution
from blocks.database_source import database_source
from repomill.errors import InputRootsMissing, QueryFailed
from repomill.workflow.spec import WorkflowSpec
from tasks.services import Services
from tasks.sources import Sources
from tests.fakes.walks import document, walk

REPORT = document(
    """
    - {id: ask, type: db, config: {source: shop, sql: "SELECT name, kind FROM teas", max_rows: 10}}
    - id: kinds
      type: aggregator
      config:
        mode: table
        table: "{{ nodes.ask.output.rows }}"
        steps: [{group: {by: [kind], aggregate: {teas: {column: name, function: count}}}}]
        as: csv
        path: kinds.csv
    """,
    "- {from: ask, to: kinds}",
    output="{{ nodes.ask.output.row_count }}",
) | {"sources": {"shop": {"kind": "database", "block": "shop"}}}

WRITE = document(
    [
        {
            "id": "add",
            "type": "db",
            "config": {"source": "shop", "mode": "write", "sql": "INSERT INTO teas VALUES ('Matcha', 'green')"},
        }
    ],
    output="{{ nodes.add.output.row_count }}",
) | {"sources": {"shop": {"kind": "database", "block": "shop"}}}

BRIEF = "{{ nodes.start.output.files.brief.content }}"

FILES = document(
    [
        {"id": "start", "type": "input", "config": {"files": [{"name": "brief", "path": "brief.txt"}]}},
        {"id": "page", "type": "file_generation", "config": {"files": [{"path": "a.md", "content": BRIEF}]}},
    ],
    [{"from": "start", "to": "page"}],
    output=BRIEF,
)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A SQLite file behind the source `shop`."""
    file = tmp_path / "shop.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE teas (name TEXT, kind TEXT)")
        connection.executemany("INSERT INTO teas VALUES (?, ?)", [("Assam", "black"), ("Bancha", "green")])
    block = SqlAlchemyConnector(connection_info=ConnectionComponents(driver="sqlite", database=str(file)))

    async def load(spec: WorkflowSpec) -> Sources:
        return Sources(spec, {name: database_source(block, name) for name in spec.sources})

    monkeypatch.setattr(tasks.open_execution, "load_sources", load)
    return file


def count(shop: Path) -> int:
    connection = sqlite3.connect(shop)
    [[found]] = connection.execute("SELECT count(*) FROM teas")
    connection.close()
    return int(found)


async def test_rows_become_a_file_of_the_tree(services: Services, shop: Path) -> None:
    walked = await walk(services, REPORT)
    assert walked.error is None
    assert (walked.output, walked.fragments) == (2, ["kinds"])


async def test_a_resumed_run_keeps_the_rows_it_had(services: Services, shop: Path) -> None:
    first = await walk(services, REPORT)
    _execute(shop, "DROP TABLE teas")
    again = await walk(services, REPORT, root=first.root)
    assert (again.error, again.ran, again.output) == (None, [], 2)


async def test_rows_of_one_block_do_not_stand_for_those_of_another(services: Services, shop: Path) -> None:
    [ask, kinds] = REPORT["nodes"]
    always = REPORT | {"nodes": [ask | {"reuse": "always"}, kinds]}
    first = await walk(services, always)
    _execute(shop, "DELETE FROM teas WHERE name = 'Assam'")
    assert (await walk(services, always)).output == 2
    other = always | {"sources": {"shop": {"kind": "database", "block": "other"}}}
    assert (await walk(services, other)).output == 1
    assert (await walk(services, other | {"output": "{{ nodes.ask.output.rows }}"}, root=first.root)).output == [
        {"name": "Bancha", "kind": "green"}
    ]


async def test_a_write_happens_once_however_often_the_run_is_resumed(services: Services, shop: Path) -> None:
    first = await walk(services, WRITE)
    assert first.error is None
    again = await walk(services, WRITE, root=first.root)
    assert (again.error, again.output, count(shop)) == (None, 1, 3)


async def test_a_statement_that_failed_is_asked_again(services: Services, shop: Path) -> None:
    _execute(shop, "ALTER TABLE teas RENAME TO others")
    first = await walk(services, REPORT)
    assert isinstance(first.error, QueryFailed)
    _execute(shop, "ALTER TABLE others RENAME TO teas")
    assert (await walk(services, REPORT, root=first.root)).output == 2


async def test_a_changed_file_runs_its_node_and_what_follows_again(services: Services, tmp_path: Path) -> None:
    allowed: Any = replace(services, input_roots=(tmp_path,))
    brief = tmp_path / "brief.txt"
    brief.write_text("one")
    first = await walk(allowed, FILES)
    again = await walk(allowed, FILES, root=first.root)
    brief.write_text("two")
    changed = await walk(allowed, FILES, root=first.root)
    assert (first.output, again.ran, changed.ran, changed.output) == ("one", [], ["start", "page"], "two")


async def test_files_are_refused_where_no_folder_is_allowed(services: Services) -> None:
    assert isinstance((await walk(services, FILES)).error, InputRootsMissing)


def test_the_block_of_prefect_holds_a_password_apart() -> None:
    info = ConnectionComponents(
        driver="postgresql", host="db.example", username="tea", password="p@ss/word", database="shop"
    )
    source = database_source(SqlAlchemyConnector(connection_info=info), "shop")
    assert source.password == SecretStr("p@ss/word")
    assert source.url.get_secret_value() == "postgresql://tea:p%40ss%2Fword@db.example/shop"
    assert "p@ss" not in repr(source) + str(source)


def _execute(shop: Path, sql: str) -> None:
    with sqlite3.connect(shop) as connection:
        connection.execute(sql)
    connection.close()
