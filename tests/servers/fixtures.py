"""Fixtures over the S3 servers; a conftest imports the ones it offers. A server starts when a test first asks."""

from collections.abc import Iterator

import pytest

from tests.servers.s3 import S3Server, moto_server, swift_server


@pytest.fixture(scope="session")
def moto_s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """An S3 server in memory that takes any key."""
    with moto_server(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture(scope="session")
def swift_s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """An S3 server on disk that verifies signatures."""
    with swift_server(tmp_path_factory.mktemp("swift")) as server:
        yield server
