"""What a host says that has no API."""

from collections.abc import Collection
from typing import NoReturn

from repomill.errors import HostCannot
from repomill.publishing.hosts.port import (
    ChangeRequest,
    Feature,
    Protection,
    Repository,
    RepositoryAddress,
    RepositorySettings,
    RequestContent,
)


class WithoutApi:
    """Refuses everything that takes an API, naming the feature."""

    label = ""

    async def create(self, address: RepositoryAddress, settings: RepositorySettings) -> Repository:
        self._cannot(Feature.CREATION)

    async def set_topics(self, repository: Repository, topics: Collection[str]) -> None:
        self._cannot(Feature.TOPICS)

    async def set_default_branch(self, repository: Repository, branch: str) -> None:
        self._cannot(Feature.CREATION)

    async def delete(self, repository: Repository) -> None:
        self._cannot(Feature.CREATION)

    async def protect(self, repository: Repository, branch: str, protection: Protection) -> bool:
        self._cannot(Feature.PROTECTION)

    async def open_requests(self, repository: Repository, head: str) -> list[ChangeRequest]:
        self._cannot(Feature.REQUESTS)

    async def create_request(self, repository: Repository, content: RequestContent) -> ChangeRequest:
        self._cannot(Feature.REQUESTS)

    async def update_request(
        self, repository: Repository, request: ChangeRequest, content: RequestContent
    ) -> ChangeRequest:
        self._cannot(Feature.REQUESTS)

    async def licence_text(self, key: str) -> str:
        self._cannot(Feature.LICENCES)

    async def close(self) -> None:
        """Nothing is open."""

    def _cannot(self, feature: Feature) -> NoReturn:
        raise HostCannot(self.label, feature.value)
