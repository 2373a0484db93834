"""No path of the corpus gets anywhere: into a pack, out of a foreign one, into an archive, a checkout or a remote."""

import io
import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from repomill.errors import PackUnreadable, UnsafeTree
from repomill.publishing.checkout import check_out_history
from repomill.publishing.commits import CommitDetails, Signature
from repomill.publishing.git_push import push_tree
from repomill.publishing.history import Generation
from repomill.publishing.targets import GitTarget
from repomill.trees.archives import ARCHIVE_FORMATS, write_archive
from repomill.trees.pack import PACK_COMMENT, pack_bytes, read_pack
from repomill.trees.tree import TreeFile
from tests.servers.git_http import git
from tests.unit.trees.hostile_paths import HOSTILE_PATHS

PATHS = [path for path, _ in HOSTILE_PATHS]
WRITABLE = [path for path in PATHS if path.isprintable() and path]
DETAILS = CommitDetails(Signature("Mill", "mill@localhost", datetime(2026, 1, 1, tzinfo=UTC)), "e", "sha256:0")


def foreign(path: str) -> bytes:
    """Return a pack that somebody else made, with this path in it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("placeholder")
        info.filename, info.external_attr = path, 0o100644 << 16
        archive.writestr(info, b"x")
        archive.comment = PACK_COMMENT
    return out.getvalue()


def test_the_corpus_is_large() -> None:
    assert len(set(PATHS)) >= 60


@pytest.mark.parametrize("path", PATHS, ids=[ascii(path)[:30] for path in PATHS])
def test_it_is_never_stored(path: str) -> None:
    with pytest.raises(UnsafeTree):
        pack_bytes([TreeFile("good", b""), TreeFile(path, b"x")])


@pytest.mark.parametrize("path", WRITABLE, ids=[ascii(path)[:30] for path in WRITABLE])
def test_it_leaves_no_pack_and_is_in_no_archive(path: str) -> None:
    with pytest.raises((UnsafeTree, PackUnreadable)):
        list(read_pack(io.BytesIO(foreign(path))))
    for name in ARCHIVE_FORMATS:
        out = io.BytesIO()
        with pytest.raises((UnsafeTree, PackUnreadable)):
            write_archive(name, io.BytesIO(foreign(path)), out)
        assert len(out.getvalue()) <= 10  # the header of a gzip file


def generation(path: str) -> Generation:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Iterator[TreeFile]]:
        yield read_pack(io.BytesIO(foreign(path)))

    return Generation(DETAILS, opened)


async def test_it_is_in_no_checkout_and_on_no_remote(tmp_path: Path) -> None:
    """Both take their files out of a pack, which is looked at before the first of them is read."""
    remote = tmp_path / "remote.git"
    git("init", "--quiet", "--bare", str(remote))
    for path in WRITABLE:
        with pytest.raises((UnsafeTree, PackUnreadable)):
            await push_tree(read_pack(io.BytesIO(foreign(path))), DETAILS, GitTarget(remote.as_uri()))
        with pytest.raises((UnsafeTree, PackUnreadable)):
            await check_out_history([generation(path)], tmp_path / "out")
    assert git("--git-dir", str(remote), "for-each-ref") == ""
    assert not (tmp_path / "out").exists()
