"""The store in a folder: killed writers, full disks, folders that go away, links that lead out."""

import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from repomill.errors import ArtifactKeyInvalid, ArtifactMissing, ArtifactStoreUnavailable
from storage.artifacts.local import LocalDirectoryStore

MEGABYTE = 1024 * 1024
PUT_FROM_STDIN = """
import asyncio, sys
from pathlib import Path
from storage.artifacts.local import LocalDirectoryStore
asyncio.run(LocalDirectoryStore(Path(sys.argv[1])).put_file("org/one/big", Path("/dev/stdin")))
"""


@pytest.fixture
async def store(tmp_path: Path) -> LocalDirectoryStore:
    opened = LocalDirectoryStore(tmp_path / "store")
    await opened.check()
    return opened


async def keys(store: LocalDirectoryStore) -> list[str]:
    return [key async for key in store.list()]


def files(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*") if path.is_file()}


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Let the kernel refuse larger files, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def kill_in_the_middle_of_a_put(folder: Path) -> None:
    """Feed a writer megabytes through a pipe, which holds no more than one, and kill it before the last."""
    command = [sys.executable, "-c", PUT_FROM_STDIN, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, bufsize=0) as process:
        assert process.stdin
        process.stdin.write(b"x" * 30 * MEGABYTE)
        process.kill()
        assert process.wait() == -signal.SIGKILL


async def test_a_writer_killed_in_the_middle_leaves_no_object(store: LocalDirectoryStore, tmp_path: Path) -> None:
    kill_in_the_middle_of_a_put(tmp_path / "store")
    assert files(tmp_path / "store") == {}
    assert await keys(store) == []
    assert not await store.exists("org/one/big")


async def test_a_writer_killed_in_the_middle_leaves_the_older_object(
    store: LocalDirectoryStore, tmp_path: Path
) -> None:
    await store.put("org/one/big", b"older")
    kill_in_the_middle_of_a_put(tmp_path / "store")
    assert await store.get("org/one/big") == b"older"
    assert await keys(store) == ["org/one/big"]


async def test_a_disk_that_is_full_is_reported_and_leaves_nothing(store: LocalDirectoryStore, tmp_path: Path) -> None:
    await store.put("org/one/a", b"older")
    with file_size_limit(MEGABYTE), pytest.raises(ArtifactStoreUnavailable, match="File too large"):
        await store.put("org/one/a", b"x" * 2 * MEGABYTE)
    assert files(tmp_path / "store") == {"org/one/a": len(b"older")}


async def test_a_download_that_does_not_fit_leaves_no_file(store: LocalDirectoryStore, tmp_path: Path) -> None:
    await store.put("org/one/a", b"x" * 2 * MEGABYTE)
    with file_size_limit(MEGABYTE), pytest.raises(OSError, match="File too large"):
        await store.download("org/one/a", tmp_path / "back")
    assert files(tmp_path) == {"store/org/one/a": 2 * MEGABYTE}


async def test_a_system_without_unnamed_files_keeps_objects_whole_too(
    store: LocalDirectoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "O_TMPFILE")
    await store.put("org/one/a", b"older")
    with file_size_limit(MEGABYTE), pytest.raises(ArtifactStoreUnavailable):
        await store.put("org/one/a", b"x" * 2 * MEGABYTE)
    assert files(tmp_path / "store") == {"org/one/a": len(b"older")}


async def test_a_file_system_without_unnamed_files_is_found_out(
    store: LocalDirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With this flag alone a folder cannot be opened for writing: EISDIR, as old kernels say of O_TMPFILE.
    monkeypatch.setattr(os, "O_TMPFILE", os.O_NOFOLLOW)
    await store.put("org/one/a", b"x")
    assert await store.get("org/one/a") == b"x"


async def test_a_folder_that_cannot_be_made_is_reported_by_the_check(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = LocalDirectoryStore(tmp_path / "file" / "store")
    with pytest.raises(ArtifactStoreUnavailable, match="File exists") as caught:
        await store.check()
    assert caught.value.store == str(tmp_path / "file" / "store")


async def test_a_folder_that_may_not_be_written_is_reported_by_the_check() -> None:
    with pytest.raises(ArtifactStoreUnavailable):
        await LocalDirectoryStore(Path("/proc/self")).check()


async def test_a_folder_that_went_away_is_not_taken_for_missing_objects(
    store: LocalDirectoryStore, tmp_path: Path
) -> None:
    (tmp_path / "store").rmdir()
    with pytest.raises(ArtifactStoreUnavailable, match="does not exist"):
        await store.get("org/one/a")
    with pytest.raises(ArtifactStoreUnavailable, match="does not exist"):
        await keys(store)


async def test_a_link_inside_the_folder_does_not_lead_out(store: LocalDirectoryStore, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"secret")
    (tmp_path / "store" / "link").symlink_to(tmp_path / "outside")
    for call in (store.get("link/secret"), store.put("link/secret", b"x"), store.delete("link/secret")):
        with pytest.raises(ArtifactKeyInvalid, match="leads out"):
            await call
    assert (tmp_path / "outside" / "secret").read_bytes() == b"secret"


async def test_an_object_cannot_stand_where_a_folder_of_objects_is(store: LocalDirectoryStore, tmp_path: Path) -> None:
    await store.put("org/one/a", b"x")
    with pytest.raises(ArtifactStoreUnavailable):
        await store.put("org/one", b"x")
    with pytest.raises(ArtifactMissing):
        await store.get("org/one/a/b")
    assert files(tmp_path / "store") == {"org/one/a": 1}


async def test_a_folder_that_went_away_is_not_made_again(store: LocalDirectoryStore, tmp_path: Path) -> None:
    (tmp_path / "store").rmdir()
    for call in (store.put("org/one/a", b"x"), store.check(create=False)):
        with pytest.raises(ArtifactStoreUnavailable, match="is its disk mounted"):
            await call
    assert not (tmp_path / "store").exists()


async def test_an_empty_mount_point_is_not_taken_for_the_store(store: LocalDirectoryStore) -> None:
    with pytest.raises(ArtifactStoreUnavailable, match="is its disk mounted"):
        await store.check(create=False)


async def test_a_copy_takes_no_room(store: LocalDirectoryStore, tmp_path: Path) -> None:
    await store.put("org/one/a", b"x" * MEGABYTE)
    await store.copy("org/one/a", "org/one/b")
    assert (tmp_path / "store/org/one/a").stat().st_nlink == 2


async def test_a_file_system_without_hard_links_copies_the_bytes(
    store: LocalDirectoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "not here")

    await store.put("org/one/a", b"x")
    monkeypatch.setattr(Path, "hardlink_to", refuse)
    await store.copy("org/one/a", "org/one/b")
    assert (tmp_path / "store/org/one/a").stat().st_nlink == 1
    assert await store.get("org/one/b") == b"x"
