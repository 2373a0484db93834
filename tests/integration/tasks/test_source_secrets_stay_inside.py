"""Keys of sources, in blocks and in headers, reach the servers they are for, and nothing that is kept or said.

Looked at byte by byte: database, artefact store, bundle, what is printed of calls, what is logged, and errors. The
servers repeat what they were sent where real ones do: in what they say about a wrong key.
"""

import json
import logging
import shutil
import zipfile
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from pathlib import Path
from traceback import format_exception
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

import tasks.open_execution
from repomill.agents.source import ModelSource
from repomill.apis.source import ApiSource, Bearer
from repomill.databases.source import DatabaseSource
from repomill.images.source import ImageSource
from repomill.workflow.spec import WorkflowSpec
from tasks.admission import Admission, admit
from tasks.bundle_export import export_bundle
from tasks.discovery import discover
from tasks.services import Services
from tasks.sources import Sources
from tests.fakes.bundled_runs import Shop, run_here, services_at, tea_shop
from tests.servers.model_server import Reply
from tests.servers.stock_api import TOKEN

pytestmark = pytest.mark.embedded_only("looks into every byte of the database's file and the folder")

KEY = "sk-sentinel-5f0c77aa"
HEADER = "header-sentinel-91be03cd"
VARIABLE = "variable-sentinel-3d2e40b6"
SECRETS = (KEY, HEADER, TOKEN, VARIABLE)
TEA = ("tea=Assam",)


@pytest.fixture
async def here(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[Services]:
    """Database and store in files that can be looked into."""
    (home := tmp_path / "kept").mkdir()
    shutil.copy(migrated_sqlite, home / "repomill.db")
    services = services_at(home, f"sqlite:///{home}/repomill.db")
    await services.store.check()
    yield services
    await services.aclose()


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    for name in ("OPENAI_API_KEY", "STOCK_PASSWORD"):
        monkeypatch.setenv(name, VARIABLE)
    with tea_shop(tmp_path / "shop") as opened:
        held = with_sentinels(opened)

        async def load(spec: WorkflowSpec) -> Sources:
            return Sources(spec, held)

        monkeypatch.setattr(tasks.open_execution, "load_sources", load)
        yield opened


def with_sentinels(shop: Shop) -> dict[str, Any]:
    """Return the shop's sources with a secret wherever there is room for one."""
    headers = {"X-Team": SecretStr(HEADER)}
    facts = {"api_key": SecretStr(KEY), "headers": headers}
    return {
        "writer": ModelSource(name="writer", base_url=shop.model.base_url, model="gpt-4o-mini", **facts),
        "painter": ImageSource(name="painter", base_url=shop.images.base_url, model="gpt-image-1", **facts),
        "shop": DatabaseSource(name="shop", url=SecretStr(f"sqlite:///{shop.teas}")),
        "stock": ApiSource(
            name="stock",
            block="stock",
            base_url=shop.stock.url,
            auth=Bearer(token=SecretStr(TOKEN)),
            headers=headers,
            document="stock",
        ),
    }


async def run(services: Services, shop: Shop) -> tuple[UUID, BaseException | None]:
    await discover(services, "stock", f"{shop.stock.url}/openapi.json")
    execution = await admit(services, Admission(str(shop.spec), TEA))
    return execution.id, await run_here(services, execution.id)


def contents(place: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file under a folder, and what is inside of archives."""
    for path in filter(Path.is_file, place.rglob("*")):
        content = path.read_bytes()
        yield str(path), content
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(BytesIO(content)) as archive:
                yield from ((f"{path}/{name}", archive.read(name)) for name in archive.namelist())


def leaks(*texts: tuple[str, bytes]) -> list[tuple[str, str]]:
    return [(name, secret) for name, content in texts for secret in SECRETS if secret.encode() in content]


def sent(shop: Shop) -> bool:
    return all(secret in json.dumps(dict(shop.model.requests[0].headers)) for secret in (KEY, HEADER))


async def test_what_a_run_keeps_says_and_hands_on_holds_no_secret_of_its_sources(
    here: Services, shop: Shop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    execution, error = await run(here, shop)
    assert error is None
    assert sent(shop)
    (tmp_path / "bundles").mkdir()
    await export_bundle(here, str(execution), tmp_path / "bundles" / "tea.zip")
    kept = [*contents(tmp_path / "kept"), *contents(tmp_path / "bundles")]
    assert {"repomill.db", "tea.zip"} <= {Path(name).name for name, _ in kept}
    assert leaks(*kept, ("log", caplog.text.encode())) == []


async def test_what_a_server_says_of_a_wrong_key_is_kept_without_it(
    here: Services, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = f"wrong key {KEY} for team {HEADER}"
    monkeypatch.setattr(shop.model, "_answer", lambda _: Reply(said, status=401))
    _, error = await run(here, shop)
    assert error is not None
    assert "wrong key *** for team ***" in str(error)
    logged = "".join(format_exception(error))  # with all that led to it, as Prefect logs it
    texts = (("error", f"{error!r} {error.__dict__} {logged}".encode()), ("log", caplog.text.encode()))
    assert leaks(*contents(tmp_path / "kept"), *texts) == []
