"""What every artefact store does; a test class inherits this and brings a `store` fixture."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from urllib3 import PoolManager

from repomill.errors import ArtifactKeyInvalid, ArtifactMissing
from storage.artifacts.port import ArtifactStore
from tests.servers.waiting import PATIENCE

MEGABYTE = 1024 * 1024
KEY = "org/one/packs/abc.zip"
Use = Callable[[ArtifactStore, str], Awaitable[object]]
READS: tuple[Use, ...] = (
    lambda store, key: store.get(key),
    lambda store, key: store.open(key),
    lambda store, key: store.get_range(key, 0, 1),
    lambda store, key: store.get_range(key, 5, 0),
    lambda store, key: store.size(key),
)
USES: tuple[Use, ...] = (
    *READS,
    lambda store, key: store.put(key, b"x"),
    lambda store, key: store.put_file(key, Path(__file__)),
    lambda store, key: store.download(key, Path("never-written")),
    lambda store, key: store.exists(key),
    lambda store, key: store.delete(key),
    lambda store, key: store.erase(key),
    lambda store, key: store.copy(KEY, key),
    lambda store, key: store.copy(key, KEY),
    lambda store, key: store.link(key, "a.zip"),
)


async def keys(store: ArtifactStore, prefix: str = "") -> list[str]:
    return [key async for key in store.list(prefix)]


class ArtifactStoreSuite:
    @pytest.mark.parametrize(
        "content",
        [b"", b"plain", "Grüße, 世界 🎉".encode(), bytes(range(256)) * 8, b"\r\n\0" * MEGABYTE],
        ids=["empty", "text", "unicode", "every byte", "3 MB"],
    )
    async def test_an_object_comes_back_as_it_was_put(self, store: ArtifactStore, content: bytes) -> None:
        await store.put(KEY, content)
        assert await store.get(KEY) == content
        assert await store.size(KEY) == len(content)
        assert await store.exists(KEY)

    async def test_an_open_object_is_a_file_that_stays_as_it_was(self, store: ArtifactStore) -> None:
        content = b"0123456789" * MEGABYTE
        await store.put(KEY, content)
        with await store.open(KEY) as opened:
            await store.put(KEY, b"other")
            await store.delete(KEY)
            assert os.pread(opened.fileno(), 5, 7) == b"78901"
            assert opened.read() == content

    async def test_a_second_put_replaces_the_first(self, store: ArtifactStore) -> None:
        await store.put(KEY, b"the longer first content")
        await store.put(KEY, b"second")
        assert await store.get(KEY) == b"second"
        assert await keys(store) == [KEY]

    async def test_readers_see_one_whole_object_while_it_is_replaced(self, store: ArtifactStore) -> None:
        versions = [bytes([number]) * 300_000 for number in range(6)]
        await store.put(KEY, versions[0])
        seen = await asyncio.gather(*(call for each in versions for call in (store.put(KEY, each), store.get(KEY))))
        assert {content for content in seen if content is not None} <= set(versions)

    async def test_every_read_of_a_missing_object_names_it(self, store: ArtifactStore) -> None:
        for read in READS:
            with pytest.raises(ArtifactMissing) as caught:
                await read(store, KEY)
            assert caught.value.key == KEY

    async def test_a_missing_object_does_not_exist(self, store: ArtifactStore) -> None:
        await store.put(f"{KEY}.old", b"x")
        assert not await store.exists(KEY)
        assert not await store.exists("org/one")

    async def test_a_copy_lives_on_without_its_source(self, store: ArtifactStore) -> None:
        content = b"content" * 1000
        await store.put(KEY, content)
        await store.put("org/one/archives/copy.zip", b"older")
        for _ in range(2):
            await store.copy(KEY, "org/one/archives/copy.zip")
        await store.put(KEY, b"changed")
        await store.delete(KEY)
        assert await store.get("org/one/archives/copy.zip") == content
        assert await keys(store) == ["org/one/archives/copy.zip"]

    async def test_a_copy_of_nothing_names_it_and_stores_nothing(self, store: ArtifactStore) -> None:
        with pytest.raises(ArtifactMissing) as caught:
            await store.copy(KEY, "org/one/copy")
        assert caught.value.key == KEY
        assert await keys(store) == []

    async def test_a_link_gives_the_object_to_who_has_no_keys_until_it_ends(self, store: ArtifactStore) -> None:
        await store.put(KEY, b"content")
        link = await store.link(KEY, "Grüße 1.zip")
        if link is None:  # only this machine can reach it
            return
        with PoolManager() as http:
            answer = await asyncio.to_thread(http.request, "GET", link.url)
        assert (answer.status, answer.data) == (200, b"content")
        assert "Gr%C3%BC%C3%9Fe%201.zip" in answer.headers["Content-Disposition"]
        assert link.ends > datetime.now(UTC)

    async def test_deleting_removes_just_that_object(self, store: ArtifactStore) -> None:
        await store.put("org/one/a", b"x")
        await store.put("org/one/ab", b"x")
        await store.delete("org/one/a")
        assert await keys(store) == ["org/one/ab"]

    async def test_deleting_twice_is_no_error(self, store: ArtifactStore) -> None:
        await store.put(KEY, b"x")
        await store.delete(KEY)
        await store.delete(KEY)
        await store.delete("org/one")
        assert not await store.exists(KEY)

    async def test_erasing_leaves_nothing_to_read_and_touches_no_other_object(self, store: ArtifactStore) -> None:
        for key in (KEY, f"{KEY}.sha256"):
            await store.put(key, b"first")
            await store.put(key, b"second")
        for _ in range(2):
            await store.erase(KEY)
        assert await keys(store) == [f"{KEY}.sha256"]

    async def test_entries_tell_size_and_age_of_what_a_prefix_has(self, store: ArtifactStore) -> None:
        for number in range(3):
            await store.put(f"org/1/a/{number}", b"x" * number)
        await store.put("org/2/a/0", b"x")
        found = sorted([entry async for entry in store.entries("org/1/")], key=lambda entry: entry.key)
        assert [(entry.key, entry.size) for entry in found] == [(f"org/1/a/{number}", number) for number in range(3)]
        assert all(abs(entry.modified - datetime.now(UTC)) < timedelta(minutes=2) for entry in found)
        assert [entry async for entry in store.entries("org/3/")] == []

    @pytest.mark.parametrize(
        ("offset", "length", "expected"),
        [(0, 3, b"012"), (4, 2, b"45"), (8, 100, b"89"), (9, 1, b"9"), (10, 5, b""), (99, 5, b""), (3, 0, b"")],
    )
    async def test_a_range_ends_with_the_object(
        self, store: ArtifactStore, offset: int, length: int, expected: bytes
    ) -> None:
        await store.put(KEY, b"0123456789")
        assert await store.get_range(KEY, offset, length) == expected

    async def test_an_empty_object_has_only_an_empty_range(self, store: ArtifactStore) -> None:
        await store.put(KEY, b"")
        assert await store.get_range(KEY, 0, 10) == b""

    @pytest.mark.parametrize(("offset", "length"), [(-1, 5), (0, -1)])
    async def test_a_negative_range_is_refused(self, store: ArtifactStore, offset: int, length: int) -> None:
        await store.put(KEY, b"0123456789")
        with pytest.raises(ValueError, match="negative"):
            await store.get_range(KEY, offset, length)

    async def test_a_file_of_20_megabytes_goes_there_and_back(self, store: ArtifactStore, tmp_path: Path) -> None:
        content = os.urandom(20 * MEGABYTE + 7)
        (tmp_path / "out").write_bytes(content)
        await store.put_file(KEY, tmp_path / "out")
        await store.download(KEY, tmp_path / "back")
        assert (tmp_path / "back").read_bytes() == content
        assert await store.size(KEY) == len(content)
        assert await store.get_range(KEY, 16 * MEGABYTE - 5, 10) == content[16 * MEGABYTE - 5 : 16 * MEGABYTE + 5]

    async def test_an_empty_file_goes_there_and_back(self, store: ArtifactStore, tmp_path: Path) -> None:
        (tmp_path / "out").touch()
        await store.put_file(KEY, tmp_path / "out")
        await store.download(KEY, tmp_path / "back")
        assert (tmp_path / "back").read_bytes() == b""

    async def test_a_file_that_is_not_there_stores_nothing(self, store: ArtifactStore, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            await store.put_file(KEY, tmp_path / "absent")
        assert await keys(store) == []

    async def test_a_download_replaces_the_file_and_leaves_nothing_else(
        self, store: ArtifactStore, tmp_path: Path
    ) -> None:
        await store.put(KEY, b"new")
        folder = tmp_path / "downloads"
        folder.mkdir()
        (folder / "file").write_bytes(b"older and longer")
        await store.download(KEY, folder / "file")
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"file": b"new"}

    async def test_a_download_of_nothing_writes_nothing(self, store: ArtifactStore, tmp_path: Path) -> None:
        folder = tmp_path / "downloads"
        folder.mkdir()
        with pytest.raises(ArtifactMissing):
            await store.download(KEY, folder / "file")
        assert list(folder.iterdir()) == []

    async def test_a_download_into_a_missing_folder_blames_the_folder(
        self, store: ArtifactStore, tmp_path: Path
    ) -> None:
        await store.put(KEY, b"x")
        with pytest.raises(FileNotFoundError):
            await store.download(KEY, tmp_path / "absent" / "file")

    @pytest.mark.parametrize(
        ("prefix", "expected"),
        [
            ("", ["org/1/a-b", "org/1/a/b", "org/1/ab", "org/10/a"]),
            ("org/1", ["org/1/a-b", "org/1/a/b", "org/1/ab", "org/10/a"]),
            ("org/1/", ["org/1/a-b", "org/1/a/b", "org/1/ab"]),
            ("org/1/a/b", ["org/1/a/b"]),
            ("org/1/ab", ["org/1/ab"]),
            ("org/1/a/", ["org/1/a/b"]),
            ("org/2/", []),
        ],
    )
    async def test_keys_are_listed_by_prefix_and_sorted(
        self, store: ArtifactStore, prefix: str, expected: list[str]
    ) -> None:
        for key in ("org/10/a", "org/1/ab", "org/1/a/b", "org/1/a-b"):
            await store.put(key, b"x")
        assert await keys(store, prefix) == expected

    @pytest.mark.parametrize("key", ["../escape", "org/../../escape", "/etc/passwd", "org//x", "org/x/", "", "org/x\0"])
    async def test_hostile_keys_are_refused_by_every_call(self, store: ArtifactStore, key: str) -> None:
        for use in USES:
            with pytest.raises(ArtifactKeyInvalid):
                await use(store, key)

    @pytest.mark.parametrize("prefix", ["..", "/", "org/../", "org//"])
    async def test_hostile_prefixes_are_refused(self, store: ArtifactStore, prefix: str) -> None:
        with pytest.raises(ArtifactKeyInvalid):
            await keys(store, prefix)

    async def test_fifty_puts_at_once_all_arrive(self, store: ArtifactStore) -> None:
        contents = {f"org/one/many/{number:02}": os.urandom(20_000) for number in range(50)}
        await asyncio.gather(*(store.put(key, content) for key, content in contents.items()))
        found = await asyncio.gather(*(store.get(key) for key in contents))
        assert dict(zip(contents, found, strict=True)) == contents
        assert await keys(store, "org/one/many/") == list(contents)

    async def test_what_is_begun_is_stored_without_the_event_loop(self, store: ArtifactStore) -> None:
        begun = store.begin_put(KEY, b"begun")
        if begun is None:
            assert await keys(store) == []
        else:
            begun.result(PATIENCE)
            assert await store.get(KEY) == b"begun"

    async def test_what_cannot_be_stored_fails_where_it_is_waited_for(self, store: ArtifactStore) -> None:
        begun = store.begin_put("../escape", b"x")
        if begun is not None:
            with pytest.raises(ArtifactKeyInvalid):
                begun.result(PATIENCE)

    async def test_what_is_large_is_not_begun(self, store: ArtifactStore) -> None:
        assert store.begin_put(KEY, bytes(MEGABYTE)) is None
        assert await keys(store) == []

    async def test_checking_again_changes_nothing(self, store: ArtifactStore) -> None:
        await store.put(KEY, b"kept")
        await store.check()
        await store.check(create=False)
        assert await keys(store) == [KEY]
        assert await store.get(KEY) == b"kept"
