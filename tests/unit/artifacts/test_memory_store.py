"""What the in-memory twin has besides the suite: it can be made to fail."""

import pytest

from repomill.errors import ArtifactStoreUnavailable
from storage.artifacts.memory import MemoryStore


async def test_a_store_made_unavailable_fails_and_recovers_with_its_objects() -> None:
    store = MemoryStore()
    await store.put("a", b"kept")
    store.available = False
    for call in (store.check(), store.put("b", b""), store.get("a"), store.exists("a"), store.delete("a")):
        with pytest.raises(ArtifactStoreUnavailable):
            await call
    with pytest.raises(ArtifactStoreUnavailable):
        [key async for key in store.list()]
    store.available = True
    assert await store.get("a") == b"kept"
