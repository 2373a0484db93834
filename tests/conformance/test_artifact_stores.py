"""The artefact store's suite on every adapter, S3 on a lenient server and on one that verifies signatures."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from uuid import uuid4

import pytest

from storage.artifacts.factory import open_store
from storage.artifacts.memory import MemoryStore
from storage.artifacts.port import ArtifactStore
from tests.conformance.artifact_store_suite import ArtifactStoreSuite
from tests.servers.s3 import S3Server


def open_for_test(kind: str, request: pytest.FixtureRequest, folder: Path) -> ArtifactStore:
    if kind == "memory":
        return MemoryStore()
    if kind == "local":
        return open_store((folder / "with a space").as_uri())
    server: S3Server = request.getfixturevalue(kind)
    return open_store(server.url(f"bucket-{uuid4().hex}"), server.access_key, server.secret_key)


@pytest.fixture(params=["memory", "local", "moto_s3", "swift_s3"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ArtifactStore]:
    async with aclosing(open_for_test(request.param, request, tmp_path)) as opened:
        await opened.check()
        yield opened


class TestArtifactStores(ArtifactStoreSuite):
    """Every test of the suite, once for each store."""
