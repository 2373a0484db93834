"""One API for all tests of a process; each finds it as new."""

from collections.abc import Iterator

import pytest

from tests.servers.pet_api import PetApi, pet_api


@pytest.fixture(scope="session")
def running_pet_api() -> Iterator[PetApi]:
    with pet_api() as api:
        yield api


@pytest.fixture
def pets(running_pet_api: PetApi) -> PetApi:
    running_pet_api.reset()
    return running_pet_api
