"""Two tries of one export at the same moment: the slower one takes what the faster one made."""

from pathlib import Path

import pytest

from repomill.errors import HostRefused, RepositoryMissing, RepositoryNameTaken
from repomill.publishing.hosts.ensure import ensure_repository, ensure_request
from repomill.publishing.hosts.markers import marker_topic
from repomill.publishing.hosts.memory import MemoryHost
from repomill.publishing.hosts.port import (
    ChangeRequest,
    Repository,
    RepositoryAddress,
    RepositorySettings,
    RequestContent,
)

HERE, SETTINGS = RepositoryAddress("acme/shop"), RepositorySettings(marker_topic("shop"))
CONTENT = RequestContent("gen", "main", "Generate")


class Late(MemoryHost):
    """Sees nothing the first time it looks, whatever is there; `blind` never sees anything."""

    looked = 0
    blind = False

    async def find(self, address: RepositoryAddress) -> Repository | None:
        self.looked += 1
        return await super().find(address) if self.looked > 1 and not self.blind else None

    async def open_requests(self, repository: Repository, head: str) -> list[ChangeRequest]:
        self.looked += 1
        return await super().open_requests(repository, head) if self.looked > 1 and not self.blind else []


async def made(folder: Path) -> tuple[Late, Repository]:
    host = Late(folder)
    repository = await host.create(HERE, SETTINGS)
    await host.create_request(repository, CONTENT)
    return host, repository


async def test_a_repository_that_somebody_made_meanwhile_is_taken(tmp_path: Path) -> None:
    host, repository = await made(tmp_path)
    ensured = await ensure_repository(host, HERE, SETTINGS, "shop")
    assert (ensured.created, ensured.repository) == (False, repository)


async def test_a_request_that_somebody_opened_meanwhile_is_taken(tmp_path: Path) -> None:
    host, repository = await made(tmp_path)
    ensured = await ensure_request(host, repository, CONTENT)
    assert (ensured.created, ensured.request.number) == (False, 1)


async def test_what_stays_hidden_is_refused(tmp_path: Path) -> None:
    host, repository = await made(tmp_path)
    host.blind = True
    with pytest.raises(RepositoryNameTaken):
        await ensure_repository(host, HERE, SETTINGS, "shop")
    with pytest.raises(HostRefused):
        await ensure_request(host, repository, CONTENT)


async def test_a_host_that_makes_none_says_that_it_is_missing(tmp_path: Path) -> None:
    host = MemoryHost(tmp_path, features=frozenset())
    with pytest.raises(RepositoryMissing):
        await ensure_repository(host, HERE, SETTINGS, "shop")
