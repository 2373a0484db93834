"""What a run works with: the database, the artefact store, and whom it acts for."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from repomill.settings import Settings
from storage.artifacts.factory import store_of
from storage.artifacts.port import ArtifactStore
from storage.database.scope import DEFAULT_SCOPE, Scope
from storage.database.session import Database
from storage.database.transitions import GeneratedProjectStatus
from storage.database.work import Work

OUTAGE = timedelta(seconds=20)
"""So long a database that restarts is waited for; what is longer ends a run, well before its lease does."""

_NEWEST = 20
_STORED = (GeneratedProjectStatus.COMPLETED, GeneratedProjectStatus.BLOCKED)


def known_secrets(database_url: str, *keys: SecretStr) -> tuple[SecretStr, ...]:
    """Return the password within a database URL, and those keys that are not empty."""
    password = SecretStr(unquote(urlsplit(database_url).password or ""))
    return tuple(secret for secret in (password, *keys) if secret.get_secret_value())


@dataclass(frozen=True, slots=True)
class Services:
    """Opened once at a boundary (a flow run, a command) and handed on.

    `links_url` is the base URL under which a browser can open archives, "" when there is none; `max_file_size` is in
    bytes.
    """

    database: Database
    store: ArtifactStore
    scope: Scope
    links_url: str
    max_file_size: int
    secrets: tuple[SecretStr, ...] = ()
    """What the installation itself must keep to itself: no generated file may hold one of these."""
    input_roots: tuple[Path, ...] = ()
    """Folders of this machine that nodes may read files from."""

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Open what the settings name, acting as the default user."""
        store = store_of(settings)
        database = Database(settings.effective_database_url(), patience=OUTAGE)
        secrets = known_secrets(settings.effective_database_url(), settings.minio_access_key, settings.minio_secret_key)
        return cls(database, store, DEFAULT_SCOPE, "", settings.max_file_size, secrets)

    def link(self, key: str) -> str:
        """Return what to show for an object: a URL a browser opens, or the key where there is none."""
        return f"{self.links_url.rstrip('/')}/{key}" if self.links_url else key

    async def check_store(self) -> None:
        """Find out whether the store can be written; see `check_store`."""
        await check_store(self.database, self.store)

    async def aclose(self) -> None:
        """Give back the connections of database and artefact store."""
        try:
            await self.store.aclose()
        finally:
            self.database.close()


async def check_store(database: Database, store: ArtifactStore) -> None:
    """Find out whether the store can be written; it is made at the first use only.

    One that is gone where the database knows of trees is that of a disk that went away: made anew, it would look
    as if all was lost.
    """

    def has_trees(work: Work) -> bool:
        return any(found.status in _STORED for found in work.generated_projects.list(_NEWEST))

    stored = await database.run(DEFAULT_SCOPE, has_trees, read_only=True)
    await store.check(create=not stored)
