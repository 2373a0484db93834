"""Any artefact store, with somebody who looks at each operation before it is made: to count, to fail, or to die."""

from collections.abc import Callable
from typing import Any, cast

from storage.artifacts.port import ArtifactStore

OPERATIONS = frozenset({"put", "put_file", "copy", "get", "get_range", "open", "download", "size", "delete", "erase"})


def watched(store: ArtifactStore, before: Callable[..., None]) -> ArtifactStore:
    """Return a store that calls `before(operation, key, …)` first; what that raises is what the store says."""
    return cast(ArtifactStore, _Watched(store, before))


class _Watched:
    def __init__(self, store: ArtifactStore, before: Callable[..., None]) -> None:
        self._store = store
        self._before = before

    def begin_put(self, key: str, content: bytes) -> None:
        """Begin nothing, so that payloads of calls go through `put` as well."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if name not in OPERATIONS:
            return found

        async def operate(*arguments: Any, **options: Any) -> Any:
            self._before(name, *arguments)
            return await found(*arguments, **options)

        return operate
