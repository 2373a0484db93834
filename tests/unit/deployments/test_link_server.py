"""What the link server hands out, and what it keeps to itself."""

from collections.abc import AsyncIterator

import httpx
import pytest

from deployments.link_server import CHUNK, make_app
from storage.artifacts.memory import MemoryStore

ARCHIVE = "org/acme/archives/0a1b.tar.gz"


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
async def client(store: MemoryStore) -> AsyncIterator[httpx.AsyncClient]:
    await store.put(ARCHIVE, b"0123456789")
    transport = httpx.ASGITransport(make_app(store))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:4280") as client:
        yield client


async def test_an_archive_is_sent_whole(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/{ARCHIVE}")
    assert (answer.status_code, answer.content) == (200, b"0123456789")
    assert answer.headers["content-type"] == "application/gzip"
    assert answer.headers["content-disposition"] == 'attachment; filename="0a1b.tar.gz"'
    assert answer.headers["content-length"] == "10"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_file_of_a_report_is_sent(client: httpx.AsyncClient, store: MemoryStore) -> None:
    await store.put("org/acme/reports/usage.csv", b"a,b")
    assert (await client.get("/org/acme/reports/usage.csv")).content == b"a,b"


async def test_an_object_of_several_chunks_arrives_as_it_is(client: httpx.AsyncClient, store: MemoryStore) -> None:
    content = bytes(range(251)) * (3 * CHUNK // 251)
    await store.put("org/acme/archives/big.zip", content)
    assert (await client.get("/org/acme/archives/big.zip")).content == content


async def test_an_empty_object_is_sent(client: httpx.AsyncClient, store: MemoryStore) -> None:
    await store.put("org/acme/archives/empty.tar", b"")
    answer = await client.get("/org/acme/archives/empty.tar")
    assert (answer.status_code, answer.content) == (200, b"")


async def test_part_of_an_archive_is_sent(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/{ARCHIVE}", headers={"Range": "bytes=3-5"})
    assert (answer.status_code, answer.content) == (206, b"345")
    assert answer.headers["content-range"] == "bytes 3-5/10"


async def test_a_range_behind_the_end_is_refused_with_the_size(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/{ARCHIVE}", headers={"Range": "bytes=10-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */10")


async def test_head_tells_the_size_and_sends_nothing(client: httpx.AsyncClient) -> None:
    answer = await client.head(f"/{ARCHIVE}")
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "10")


@pytest.mark.parametrize(
    ("name", "media_type", "disposition"),
    [
        ("a.zip", "application/zip", "attachment"),
        ("picture.PNG", "image/png", "inline"),
        ("README.md", "text/plain; charset=utf-8", "inline"),
        ("page.html", "text/html; charset=utf-8", "attachment"),
        ("drawing.svg", "image/svg+xml", "attachment"),
        ("script.js", "application/octet-stream", "attachment"),
        ("LICENSE", "application/octet-stream", "attachment"),
    ],
)
async def test_only_harmless_types_are_shown(
    client: httpx.AsyncClient, store: MemoryStore, name: str, media_type: str, disposition: str
) -> None:
    await store.put(f"org/acme/archives/x/{name}", b"x")
    headers = (await client.get(f"/org/acme/archives/x/{name}")).headers
    assert headers["content-type"] == media_type
    assert headers["content-disposition"].startswith(f"{disposition};")


@pytest.mark.parametrize("kind", ["calls", "results", "fragments", "templates"])
async def test_what_is_no_finished_tree_is_not_found(client: httpx.AsyncClient, store: MemoryStore, kind: str) -> None:
    await store.put(f"org/acme/{kind}/x.json", b"secret")
    assert (await client.get(f"/org/acme/{kind}/x.json")).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/org/acme/archives",
        "/org/acme/archives/",
        "/org/acme/archives/unknown.zip",
        "/org/acme/archives/%2e%2e/calls/x.json",
        "/org/acme/archives/..%2fcalls%2fx.json",
        "/org/acme/archives/%2e%2e%5ccalls%5cx.json",
        "/org/acme/archives/x%00.json",
        "/org/acme/archives/0a1b.tar.gz%0a",
        "//org/acme/archives/0a1b.tar.gz",
    ],
)
async def test_unknown_names_and_ways_out_are_not_found(
    client: httpx.AsyncClient, store: MemoryStore, path: str
) -> None:
    await store.put("org/acme/calls/x.json", b"secret")
    assert (await client.get(httpx.URL("http://127.0.0.1:4280").copy_with(raw_path=path.encode()))).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_nothing_can_be_changed(client: httpx.AsyncClient, method: str) -> None:
    assert (await client.request(method, f"/{ARCHIVE}")).status_code == 405


@pytest.mark.parametrize("host", ["evil.example", "evil.example:4280", "127.0.0.1.evil.example", ""])
async def test_a_page_that_points_its_own_name_here_is_refused(client: httpx.AsyncClient, host: str) -> None:
    assert (await client.get(f"/{ARCHIVE}", headers={"Host": host})).status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1:4280", "localhost:4280", "localhost"])
async def test_every_name_of_this_machine_is_served(client: httpx.AsyncClient, host: str) -> None:
    assert (await client.get(f"/{ARCHIVE}", headers={"Host": host})).status_code == 200


async def test_a_store_that_is_down_is_said_to_be_down(client: httpx.AsyncClient, store: MemoryStore) -> None:
    store.available = False
    answer = await client.get(f"/{ARCHIVE}")
    assert answer.status_code == 503
    assert "artefact store" in answer.text


async def test_it_tells_that_it_is_up(client: httpx.AsyncClient) -> None:
    assert (await client.get("/health")).text == "ok"
