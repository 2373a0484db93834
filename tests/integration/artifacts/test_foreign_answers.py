"""Answers that are not S3's: proxies, other servers, bodies that break off."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest

from repomill.errors import ArtifactMissing, ArtifactStoreRefused, ArtifactStoreUnavailable, RepomillError
from storage.artifacts._minio_connections import BucketOptions
from storage.artifacts.minio_store import MinioStore
from tests.servers.processes import LOOPBACK

HTML = "text/html"
XML = "application/xml"


class CannedHandler(BaseHTTPRequestHandler):
    """Answers every request alike; `promised` is the length it claims, `asked` what it was asked for."""

    status = 200
    etag = ""
    asked: ClassVar[list[str]] = []
    content_type = HTML
    body = b""
    promised = 0

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(self.status)
        self.asked.append(self.command)
        if self.etag:
            self.send_header("ETag", self.etag)
        self.send_header("Content-Type", self.content_type)
        self.send_header("Content-Length", str(self.promised or len(self.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(self.body)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = answer  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def answering(status: int, content_type: str, body: bytes, promised: int = 0, **more: object) -> Iterator[str]:
    told = {"status": status, "content_type": content_type, "body": body, "promised": promised, **more}
    handler = type("Handler", (CannedHandler,), told)
    with ThreadingHTTPServer((LOOPBACK, 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"{LOOPBACK}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def raises(expected: type[RepomillError]) -> Iterator[None]:
    with pytest.raises(expected) as caught:
        yield
    assert "private" not in str(caught.value)


def store_at(endpoint: str) -> MinioStore:
    return MinioStore(endpoint, "bucket", "access", "private", BucketOptions(secure=False, region="us-east-1"))


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def s3_error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>why</Message></Error>".encode()


@pytest.mark.parametrize(
    ("status", "content_type", "body", "expected"),
    [
        (404, HTML, b"<h1>not here</h1>", ArtifactMissing),
        (403, HTML, b"<h1>blocked</h1>", ArtifactStoreRefused),
        (403, XML, s3_error("InvalidAccessKeyId"), ArtifactStoreRefused),
        (403, XML, s3_error("RequestTimeTooSkewed"), ArtifactStoreRefused),
        (404, XML, s3_error("NoSuchBucket"), ArtifactStoreRefused),
        (404, XML, s3_error("NoSuchKey"), ArtifactMissing),
        (400, XML, s3_error("RequestTimeout"), ArtifactStoreUnavailable),
        (429, HTML, b"slow down", ArtifactStoreUnavailable),
        (500, HTML, b"<h1>oops</h1>", ArtifactStoreUnavailable),
        (503, XML, s3_error("SlowDown"), ArtifactStoreUnavailable),
        (502, XML, b"", ArtifactStoreUnavailable),
        (404, XML, b"<not closed", ArtifactStoreUnavailable),
        (500, HTML, b"\xff\xfe", ArtifactStoreUnavailable),
        (304, HTML, b"", ArtifactStoreRefused),
    ],
)
async def test_an_answer_is_judged_by_its_code_and_else_by_its_status(
    status: int, content_type: str, body: bytes, expected: type[RepomillError]
) -> None:
    with answering(status, content_type, body) as endpoint:
        async with aclosing(store_at(endpoint)) as store:
            with raises(expected):
                await store.get("a")


@pytest.fixture
async def cut_short() -> AsyncIterator[MinioStore]:
    """A store whose server promises a thousand bytes and sends nine."""
    with answering(200, "application/octet-stream", b"nine byte", promised=1000) as endpoint:
        async with aclosing(store_at(endpoint)) as store:
            yield store


async def test_an_object_that_breaks_off_is_not_returned(cut_short: MinioStore) -> None:
    with raises(ArtifactStoreUnavailable):
        await cut_short.get("a")


async def test_a_download_that_breaks_off_leaves_no_file(cut_short: MinioStore, tmp_path: Path) -> None:
    with raises(ArtifactStoreUnavailable):
        await cut_short.download("a", tmp_path / "back")
    assert names(tmp_path) == []


async def test_an_upload_that_is_not_kept_whole_is_not_taken_for_done(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"x" * 2000)
    with answering(200, XML, b"") as endpoint:
        async with aclosing(store_at(endpoint)) as store:
            with pytest.raises(ArtifactStoreUnavailable, match="0 of 2000 bytes"):
                await store.put_file("a", tmp_path / "out")


async def test_a_file_of_one_part_is_one_request(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"x" * 2000)
    asked: list[str] = []
    with answering(200, XML, b"", etag='"e1"', asked=asked) as endpoint:
        async with aclosing(store_at(endpoint)) as store:
            await store.put_file("a", tmp_path / "out")
    assert asked == ["PUT"]


async def test_a_bucket_that_may_not_be_made_is_refused() -> None:
    with answering(404, XML, s3_error("NoSuchBucket")) as endpoint:
        async with aclosing(store_at(endpoint)) as store:
            with raises(ArtifactStoreRefused):
                await store.check()


async def test_a_server_that_ignores_the_range_does_not_pass_for_the_range() -> None:
    with answering(200, "application/octet-stream", b"0123456789") as endpoint:
        async with aclosing(store_at(endpoint)) as store:
            assert await store.get_range("a", 3, 4) == b"3456"
