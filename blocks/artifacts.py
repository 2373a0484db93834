"""Block: the artefact store, and Prefect's result storage over it."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from prefect.filesystems import WritableFileSystem
from prefect.utilities.asyncutils import run_coro_as_sync
from pydantic import Field, HttpUrl, SecretStr

from storage.artifacts.factory import open_store

if TYPE_CHECKING:
    from storage.artifacts.port import ArtifactStore


class ArtifactStorage(WritableFileSystem):
    """Where generated trees, archives, answers and node results are kept.

    Prefect keeps its small task results here too, under the same keys as the node results they point to.
    """

    _block_type_name = "Repomill Artifact Storage"
    _block_type_slug = "repomill-artifacts"
    _description = "Keeps generated trees, archives, model answers and node results."
    _documentation_url = HttpUrl("https://docs.min.io/community/minio-object-store/developers/python/API.html")

    url: str = Field(title="URL", description="`file:///folder` or `minio://host:port/bucket?secure=false`.")
    access_key: SecretStr = Field(
        default=SecretStr(""), title="Access key", description="Access key of the MinIO or S3 server."
    )
    secret_key: SecretStr = Field(
        default=SecretStr(""), title="Secret key", description="Secret key of the MinIO or S3 server."
    )
    links_url: str = Field(
        default="",
        title="Links URL",
        description="Base URL under which a browser can open archives; empty when there is none.",
    )

    input_roots: list[str] = Field(
        default_factory=list,
        title="Input folders",
        description="Folders on a worker's machine that `input` nodes may read; empty for none.",
    )
    max_file_size: int = Field(
        default=10_485_760, gt=0, title="Largest file", description="Largest generated file, in bytes."
    )

    @cached_property
    def store(self) -> "ArtifactStore":
        """The store itself; one per loaded block."""
        return open_store(self.url, self.access_key.get_secret_value(), self.secret_key.get_secret_value())

    async def aread_path(self, path: str) -> bytes:
        """Return the object under a key; raises `ArtifactMissing`."""
        return await self.store.get(path)

    async def awrite_path(self, path: str, content: bytes) -> None:
        """Store an object in one atomic step."""
        await self.store.put(path, content)

    def read_path(self, path: str, _sync: bool = True, **_: Any) -> bytes:  # type: ignore[override]
        """Return the object under a key, for callers without an event loop."""
        return run_coro_as_sync(self.aread_path(path))

    def write_path(self, path: str, content: bytes, _sync: bool = True, **_: Any) -> None:  # type: ignore[override]
        """Store an object, for callers without an event loop."""
        run_coro_as_sync(self.awrite_path(path, content))
