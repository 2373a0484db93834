"""One running stack for all tests that only look at it: its start is what takes the time."""

from collections.abc import Iterator

import pytest

from tests.integration.stack.running_stack import Running, started_twice


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with started_twice(tmp_path_factory.mktemp("home")) as running:
        yield running
