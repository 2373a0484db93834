"""The tar and gzip writers against the standard library's, which are slower."""

import gzip
import io
import os
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repomill.trees import _in_order
from repomill.trees._gzip import gzip_pieces
from repomill.trees._tar import MODIFIED, tar_pieces
from repomill.trees.tree import TreeFile

names = st.text("abé日 ._-", min_size=1, max_size=20) | st.integers(90, 300).map(lambda size: "n" * size)
sizes = st.integers(0, 3) | st.sampled_from([511, 512, 513, 10_240, 1_048_576, 2_500_000])
files = st.lists(
    st.builds(TreeFile, names, sizes.map(lambda size: b"x" * size), st.sampled_from(["100644", "100755"])),
    max_size=5,
)


def by_tarfile(tree: Sequence[TreeFile], top_folder: str = "") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT, encoding="utf-8") as archive:
        for file in tree:
            record = tarfile.TarInfo(f"{top_folder}/{file.path}" if top_folder else file.path)
            record.size, record.mode, record.mtime = file.size, int(file.mode, 8) & 0o777, MODIFIED
            archive.addfile(record, io.BytesIO(file.content))
    return out.getvalue()


@given(files, st.sampled_from(["", "project-1.0", "n" * 95]))
def test_a_tar_has_the_bytes_that_tarfile_writes(tree: list[TreeFile], top_folder: str) -> None:
    assert b"".join(tar_pieces(tree, top_folder)) == by_tarfile(tree, top_folder)


def test_a_large_file_is_no_large_piece() -> None:
    assert max(len(piece) for piece in tar_pieces([TreeFile("a", bytes(9_000_000))])) < 1_100_000


@given(st.lists(st.binary(max_size=200) | st.binary(max_size=3).map(lambda part: part * 40_000), max_size=6))
def test_gzip_reads_what_was_compressed_in_blocks(pieces: list[bytes]) -> None:
    assert gzip.decompress(b"".join(gzip_pieces(pieces))) == b"".join(pieces)


def test_the_blocks_are_one_member_for_readers_that_know_no_more(tmp_path: Path) -> None:
    content = os.urandom(100_000)
    (tmp_path / "a.gz").write_bytes(b"".join(gzip_pieces([content, content, b"end"])))
    assert subprocess.run(["gzip", "-dc", tmp_path / "a.gz"], check=True, capture_output=True).stdout == (
        content + content + b"end"
    )
    assert subprocess.run(["gzip", "-tv", tmp_path / "a.gz"], check=False).returncode == 0
    # One header, one trailer: what a decoder of one member leaves over is nothing.
    import zlib

    decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
    assert decoder.decompress((tmp_path / "a.gz").read_bytes()) == content + content + b"end"
    assert (decoder.eof, decoder.unused_data) == (True, b"")


def test_a_block_refers_to_the_one_before_it() -> None:
    part = os.urandom(20_000)
    assert len(b"".join(gzip_pieces([part, part]))) < 21_000


@pytest.mark.parametrize("processors", [1, 3])
def test_the_bytes_do_not_depend_on_the_number_of_processors(processors: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = [bytes([number]) * 50_000 + os.urandom(1000) for number in range(20)]
    expected = b"".join(gzip_pieces(pieces))
    monkeypatch.setattr(_in_order, "processors", lambda: processors)
    assert b"".join(gzip_pieces(pieces)) == expected
