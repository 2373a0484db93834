from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from repomill.errors import PackUnreadable
from repomill.trees.pack import pack_bytes, packed_files
from repomill.trees.packed import PackedFile, moved
from repomill.trees.tree import File, TreeFile

FILES = (TreeFile("a.txt", b"text " * 500), TreeFile("b.bin", bytes(range(256))), TreeFile("run.sh", b"", "100755"))


@pytest.fixture
def packed(tmp_path: Path) -> Iterator[tuple[PackedFile, ...]]:
    path = tmp_path / "pack.zip"
    path.write_bytes(pack_bytes(FILES)[0])
    with path.open("rb") as source:
        yield packed_files(source)


def test_packed_files_are_those_that_were_packed(packed: tuple[PackedFile, ...]) -> None:
    assert [(file.path, file.content, file.mode) for file in packed] == [
        (file.path, file.content, file.mode) for file in FILES
    ]
    assert [file.size for file in packed] == [2500, 256, 0]


def test_a_pack_of_packed_files_is_the_same_pack(packed: tuple[PackedFile, ...]) -> None:
    assert pack_bytes(packed) == pack_bytes(FILES)


def test_compressed_bytes_are_taken_as_they_are(packed: tuple[PackedFile, ...]) -> None:
    again, pack = pack_bytes([*packed, TreeFile("z", b"")])
    for file, member in zip(packed, pack.members, strict=False):
        assert again[member.offset : member.offset + member.stored_size] == file.raw


def test_files_can_be_put_elsewhere(packed: tuple[PackedFile, ...]) -> None:
    given: list[File] = [*packed, TreeFile("z", b"1")]
    there = [TreeFile(f"src/{file.path}", file.content, file.mode) for file in given]
    assert pack_bytes(moved(file, f"src/{file.path}") for file in given) == pack_bytes(there)


def test_threads_read_one_pack_at_once(packed: tuple[PackedFile, ...]) -> None:
    wanted = [number % len(FILES) for number in range(600)]
    with ThreadPoolExecutor(8) as threads:
        read = list(threads.map(lambda number: packed[number].content, wanted))
    assert read == [FILES[number].content for number in wanted]


def test_damaged_bytes_are_refused(tmp_path: Path) -> None:
    content = bytearray(pack_bytes(FILES[1:2])[0])
    content[content.index(bytes(range(256))) + 7] ^= 1
    (tmp_path / "pack").write_bytes(content)
    with (tmp_path / "pack").open("rb") as source:
        (file,) = packed_files(source)
        with pytest.raises(PackUnreadable, match=r"b\.bin"):
            pack_bytes([file])
