"""Recorded executions in one file: what was made on one database replays on another, with nothing asked."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

import tasks.open_execution
from repomill.bundles.contents import Contents
from repomill.calls.ledger import CallKind
from repomill.canonical import digest
from repomill.errors import BundleHoldsSecret, BundleUnreadable, CallsRemoved, RecordingMissing
from repomill.workflow.spec import WorkflowSpec
from storage.database.work import Work
from tasks.admission import Admission, admit
from tasks.api_registry import load_api, store_api
from tasks.bundle_export import export_bundle
from tasks.discovery import discover
from tasks.replays import import_bundle, replay_execution
from tasks.services import Services
from tasks.sources import Sources
from tests.fakes.aged_projects import SetClock
from tests.fakes.bundled_runs import KEY, Shop, run_here, services_at, tea_shop, tree_of
from tests.servers import postgresql

TEA = ("tea=Assam",)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with tea_shop(tmp_path / "shop") as opened:
        yield opened


@pytest.fixture
def blocks(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What blocks hold; empty it to be in a place without any."""
    held = shop.sources()

    async def load(spec: WorkflowSpec) -> Sources:
        return Sources(spec, {name: held[name] for name in spec.sources if name in held})

    monkeypatch.setattr(tasks.open_execution, "load_sources", load)
    return held


@asynccontextmanager
async def place(home: Path, url: str) -> AsyncIterator[Services]:
    services = services_at(home, url)
    try:
        await services.store.check()
        yield services
    finally:
        await services.aclose()


@pytest.fixture
def first_postgresql(postgresql_server: str, migrated_postgresql: str) -> str:
    return postgresql.create_database(postgresql_server, f"test_{uuid4().hex}", migrated_postgresql)


@pytest.fixture
def other_sqlite(tmp_path: Path, migrated_sqlite: Path) -> str:
    shutil.copy(migrated_sqlite, tmp_path / "other.db")
    return f"sqlite:///{tmp_path}/other.db"


async def recorded(services: Services, shop: Shop) -> UUID:
    await discover(services, "stock", f"{shop.stock.url}/openapi.json")
    execution = await admit(services, Admission(str(shop.spec), TEA))
    assert await run_here(services, execution.id) is None
    return execution.id


async def exported(services: Services, shop: Shop, file: Path) -> Contents:
    return await export_bundle(services, str(await recorded(services, shop)), file)


async def key_of(services: Services, execution: UUID, node: str) -> str | None:
    rows = await services.database.run(services.scope, lambda work: work.nodes.list(execution))
    return next(row.node_key for row in rows if row.node_path == node)


def files_named(folder: Path, part: str) -> list[str]:
    return [path.name for path in folder.iterdir() if part in path.name]


def keys(held: dict[str, Any]) -> tuple[SecretStr, ...]:
    nothing = {"apiVersion": "repomill/v1", "name": "x", "nodes": [{"id": "a", "type": "input"}]}
    return Sources(WorkflowSpec.model_validate(nothing), held).secrets()


@pytest.mark.embedded_only("each half on another database")
async def test_a_bundle_made_on_postgresql_replays_on_sqlite_in_another_directory(
    tmp_path: Path, shop: Shop, blocks: dict[str, Any], first_postgresql: str, other_sqlite: str
) -> None:
    async with place(tmp_path / "first", first_postgresql) as services:
        made = await exported(services, shop, tmp_path / "tea.bundle")
        key = await key_of(services, UUID(made.execution), "teas")
    shutil.rmtree(tmp_path / "first")
    shutil.rmtree(shop.spec.parent)
    blocks.clear()
    asked = shop.asked
    async with place(tmp_path / "second", other_sqlite) as services:
        execution, _ = await import_bundle(services, tmp_path / "tea.bundle")
        assert await run_here(services, execution.id) is None
        assert await tree_of(services, execution.id) == made.tree_digest
        assert await key_of(services, execution.id, "teas") == key
        rows = await services.database.run(services.scope, lambda work: work.calls.list(execution.id))
    assert made.tree_digest is not None
    assert {row.kind for row in rows} == set(CallKind) - {CallKind.MCP}
    assert {row.cost for row in rows} == {0}
    assert shop.asked == asked


@pytest.fixture
def here(dated_services: Services) -> Services:
    return dated_services


async def test_a_replay_remembers_what_was_remembered_when_it_was_recorded(
    tmp_path: Path, here: Services, shop: Shop, blocks: dict[str, Any], other_sqlite: str
) -> None:
    await recorded(here, shop)
    made = await exported(here, shop, tmp_path / "tea.bundle")
    assert len(shop.model.requests[-1].body["messages"]) == 3
    blocks.clear()
    asked = shop.asked
    async with place(tmp_path / "second", other_sqlite) as services:
        execution, _ = await import_bundle(services, tmp_path / "tea.bundle")
        assert await run_here(services, execution.id) is None
        assert await tree_of(services, execution.id) == made.tree_digest
        assert await services.database.run(services.scope, lambda work: work.memories.list()) == []
    assert shop.asked == asked


async def test_one_changed_prompt_byte_is_a_loud_miss_that_names_the_field(
    here: Services, shop: Shop, blocks: dict[str, Any]
) -> None:
    execution, _ = await replay_execution(here, str(await recorded(here, shop)))
    shop.spec.write_text(shop.spec.read_text().replace("Praise {{", "Praisf {{"))
    again = await admit(here, Admission(str(shop.spec), TEA))

    def take_answers(work: Work) -> None:
        row = work.executions.get(again.id)
        row.mode, row.recordings = execution.mode, execution.recordings

    await here.database.run(here.scope, take_answers)
    missed = await run_here(here, again.id)
    assert isinstance(missed, RecordingMissing)
    assert '/messages/0/content: recorded "Praise Assam.", now "Praisf Assam."' in missed.difference


async def test_a_replay_here_gives_the_same_tree_and_asks_nothing(
    here: Services, shop: Shop, blocks: dict[str, Any]
) -> None:
    first, asked = await recorded(here, shop), shop.asked
    execution, tree = await replay_execution(here, str(first))
    assert await run_here(here, execution.id) is None
    assert (shop.asked, execution.root_id) == (asked, execution.id)
    assert await tree_of(here, execution.id) == tree == await tree_of(here, first)


async def test_a_replay_reads_the_document_that_was_known_when_it_was_recorded(
    here: Services, clock: SetClock, shop: Shop, blocks: dict[str, Any]
) -> None:
    first = await recorded(here, shop)
    clock.now += timedelta(minutes=1)
    later = (await load_api(here, "stock")).model_copy(update={"operations": (), "digest": digest("another")})
    assert (await store_api(here, "stock", later, "")).number == 2
    execution, tree = await replay_execution(here, str(first))
    assert await run_here(here, execution.id) is None
    assert await tree_of(here, execution.id) == tree


async def test_a_replay_can_be_exported_again_and_an_import_is_replayed_as_itself(
    tmp_path: Path, here: Services, shop: Shop, blocks: dict[str, Any]
) -> None:
    await exported(here, shop, tmp_path / "one.bundle")
    execution, _ = await import_bundle(here, tmp_path / "one.bundle")
    await export_bundle(here, str(execution.id), tmp_path / "two.bundle")
    assert (tmp_path / "one.bundle").read_bytes() == (tmp_path / "two.bundle").read_bytes()
    assert (await replay_execution(here, str(execution.id)))[0].id == execution.id


async def test_no_bundle_is_written_when_an_answer_holds_a_key(
    tmp_path: Path, here: Services, shop: Shop, blocks: dict[str, Any]
) -> None:
    shop.spec.write_text(shop.spec.read_text().replace("A cup.", f"A cup of {KEY}."))
    first = await recorded(here, shop)
    secrets = keys(blocks)
    with pytest.raises(BundleHoldsSecret) as refused:
        await export_bundle(here, str(first), tmp_path / "tea.bundle", secrets)
    assert KEY not in str(refused.value)
    assert KEY not in repr(refused.value.facts())
    assert files_named(tmp_path, "tea.bundle") == []


async def test_keys_of_blocks_are_in_no_bundle(
    tmp_path: Path, here: Services, shop: Shop, blocks: dict[str, Any]
) -> None:
    first = await recorded(here, shop)
    secrets = keys(blocks)
    contents = await export_bundle(here, str(first), tmp_path / "tea.bundle", secrets)
    assert (contents.sources["writer"].model, contents.sources["stock"].api) != ("", None)
    assert KEY not in contents.model_dump_json()


async def test_calls_that_are_gone_are_said_to_be(here: Services, shop: Shop, blocks: dict[str, Any]) -> None:
    first = await recorded(here, shop)
    calls = await here.database.run(here.scope, lambda work: work.calls.list(first))
    await here.store.delete(calls[0].request_key)
    with pytest.raises(CallsRemoved):
        await replay_execution(here, str(first))


async def test_a_damaged_bundle_stores_nothing(
    tmp_path: Path, here: Services, shop: Shop, blocks: dict[str, Any]
) -> None:
    await exported(here, shop, tmp_path / "tea.bundle")
    whole = (tmp_path / "tea.bundle").read_bytes()
    (tmp_path / "cut.bundle").write_bytes(whole[:-100])
    before = await here.database.run(here.scope, lambda work: len(work.executions.list()))
    with pytest.raises(BundleUnreadable):
        await import_bundle(here, tmp_path / "cut.bundle")
    assert await here.database.run(here.scope, lambda work: len(work.executions.list())) == before
