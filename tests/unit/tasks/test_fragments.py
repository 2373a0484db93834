"""Assembling fragments: as many as there are, with few files open."""

import resource
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from repomill.errors import PathWrittenTwice
from repomill.trees.pack import pack_bytes
from repomill.trees.tree import TreeFile
from storage.artifacts.local import LocalDirectoryStore
from tasks.fragments import OPEN_AT_ONCE, Fragment, merge_fragments

MANY = 3 * OPEN_AT_ONCE + 7


@pytest.fixture
def few_open_files() -> Iterator[None]:
    before, ours = resource.getrlimit(resource.RLIMIT_NOFILE), psutil.Process().num_fds()
    resource.setrlimit(resource.RLIMIT_NOFILE, (ours + 2 * OPEN_AT_ONCE, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def stored(store: LocalDirectoryStore, files: list[TreeFile]) -> list[Fragment]:
    await store.check()
    for number, file in enumerate(files):
        await store.put(f"fragments/{number}", pack_bytes([file])[0])
    return [(f"page[{number}]", f"fragments/{number}") for number in range(len(files))]


@pytest.mark.usefixtures("few_open_files")
async def test_more_fragments_than_files_may_be_open_become_the_pack_of_all_files(tmp_path: Path) -> None:
    files = [TreeFile(f"pages/{number}.md", b"page %d" % number) for number in range(MANY)]
    store = LocalDirectoryStore(tmp_path / "store")
    fragments = await stored(store, files)
    (tmp_path / "out").mkdir()
    pack = await merge_fragments(store, fragments, tmp_path / "out/pack.zip")
    content, expected = pack_bytes(files)
    assert (tmp_path / "out/pack.zip").read_bytes() == content
    assert pack == expected
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["pack.zip"]


async def test_a_path_of_two_nodes_far_apart_names_both(tmp_path: Path) -> None:
    twice = {3, MANY - 2}
    files = [TreeFile("same.md" if each in twice else f"{each}.md", b"%d" % each) for each in range(MANY)]
    store = LocalDirectoryStore(tmp_path / "store")
    fragments = await stored(store, files)
    with pytest.raises(PathWrittenTwice) as caught:
        await merge_fragments(store, fragments, tmp_path / "pack.zip")
    assert caught.value.nodes == ("page[3]", f"page[{MANY - 2}]")
