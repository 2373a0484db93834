import dataclasses
import io
import os
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repomill.errors import PackUnreadable, PathWrittenTwice, TreeCorrupt, UnsafeTree
from repomill.trees.pack import index_pack, merge_packs, pack_bytes, read_pack, unpack_member, write_pack
from repomill.trees.tree import Manifest, TreeFile

names = st.text("abcdé日", min_size=1, max_size=4)
paths = st.builds("{}/{}.txt".format, names, names)
modes = st.sampled_from(["100644", "100755"])
trees = st.lists(
    st.builds(TreeFile, paths, st.binary(max_size=300) | st.binary(max_size=3).map(lambda part: part * 500), modes),
    unique_by=lambda file: file.path,
    max_size=12,
)

FILES = (
    TreeFile("b/run.sh", b"#!/bin/sh\n" * 50, "100755"),
    TreeFile("a.txt", b"hi"),
    TreeFile("ä.bin", bytes(range(256))),
)


def unpacked(pack: bytes) -> list[TreeFile]:
    return list(read_pack(io.BytesIO(pack)))


@given(trees)
def test_a_pack_gives_back_its_files_sorted(files: list[TreeFile]) -> None:
    content, pack = pack_bytes(files)
    assert unpacked(content) == sorted(files, key=lambda file: file.path)
    assert pack.manifest == Manifest.of(files)
    assert index_pack(io.BytesIO(content)) == pack


@given(trees, st.randoms())
def test_the_order_of_files_does_not_change_a_byte(files: list[TreeFile], random: object) -> None:
    assert pack_bytes(files)[0] == pack_bytes(files[::-1])[0]


@given(trees)
def test_one_file_is_one_range_of_the_pack(files: list[TreeFile]) -> None:
    content, pack = pack_bytes(files)
    by_path = {file.path: file.content for file in files}
    for member in pack.members:
        raw = content[member.offset : member.offset + member.stored_size]
        assert unpack_member(member, raw) == by_path[member.entry.path]


@given(trees, st.integers(1, 4))
def test_merged_fragments_are_the_pack_of_all_files(files: list[TreeFile], count: int) -> None:
    fragments = [(f"n{i}", io.BytesIO(pack_bytes(files[i::count])[0])) for i in range(count)]
    out = io.BytesIO()
    merged = merge_packs(fragments, out)
    assert (out.getvalue(), merged) == pack_bytes(files)


def test_a_file_that_two_nodes_write_alike_is_taken_once() -> None:
    packed = pack_bytes(FILES)[0]
    out = io.BytesIO()
    merge_packs([("a", io.BytesIO(packed)), ("b", io.BytesIO(packed))], out)
    assert out.getvalue() == packed


@pytest.mark.parametrize("other", [TreeFile("a.txt", b"ho"), TreeFile("a.txt", b"hi", "100755")])
def test_a_path_written_differently_by_two_nodes_is_refused(other: TreeFile) -> None:
    out = io.BytesIO()
    fragments = [("plan", io.BytesIO(pack_bytes(FILES)[0])), ("code", io.BytesIO(pack_bytes([other])[0]))]
    with pytest.raises(PathWrittenTwice) as caught:
        merge_packs(fragments, out)
    assert (caught.value.path, caught.value.nodes, out.getvalue()) == ("a.txt", ("plan", "code"), b"")


def test_fragments_that_are_unsafe_together_are_refused() -> None:
    fragments = [(path, io.BytesIO(pack_bytes([TreeFile(path, b"")])[0])) for path in ("a", "A")]
    with pytest.raises(UnsafeTree):
        merge_packs(fragments, io.BytesIO())


def test_nothing_is_written_when_a_path_is_unsafe() -> None:
    out = io.BytesIO()
    with pytest.raises(UnsafeTree):
        write_pack([TreeFile("ok", b""), TreeFile("../no", b"")], out)
    assert out.getvalue() == b""


def test_the_standard_library_opens_a_pack_with_modes_and_times() -> None:
    with zipfile.ZipFile(io.BytesIO(pack_bytes(FILES)[0])) as archive:
        assert archive.testzip() is None
        assert archive.comment == b"repomill-pack/1"
        assert archive.namelist() == ["a.txt", "b/run.sh", "ä.bin"]
        assert archive.getinfo("b/run.sh").external_attr >> 16 == 0o100755
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_what_deflate_cannot_shrink_is_stored() -> None:
    kinds = {member.entry.path: member.compression for member in pack_bytes(FILES)[1].members}
    assert kinds == {"a.txt": "stored", "b/run.sh": "deflate", "ä.bin": "stored"}


@pytest.mark.parametrize("damage", [lambda raw: raw[:-1], lambda raw: b"\xff" * len(raw), lambda raw: b""])
@pytest.mark.parametrize("number", [0, 1])
def test_a_damaged_range_is_found_out(damage: object, number: int) -> None:
    content, pack = pack_bytes(FILES)
    member = pack.members[number]
    raw = content[member.offset : member.offset + member.stored_size]
    with pytest.raises(TreeCorrupt):
        unpack_member(member, damage(raw))  # type: ignore[operator]  # parametrized with functions


def test_a_range_with_another_file_is_found_out() -> None:
    member = pack_bytes(FILES)[1].members[0]
    with pytest.raises(TreeCorrupt, match=member.entry.sha256):
        unpack_member(member, b"ho")


@pytest.mark.parametrize("cut", [0, 10, 60, -1])
def test_a_cut_pack_is_unreadable(cut: int) -> None:
    with pytest.raises(PackUnreadable):
        unpacked(pack_bytes(FILES)[0][:cut])


def test_a_changed_byte_is_found_by_the_checksum() -> None:
    content, pack = pack_bytes(FILES)
    for member in pack.members:
        damaged = bytearray(content)
        damaged[member.offset] ^= 1
        with pytest.raises(PackUnreadable):
            unpacked(bytes(damaged))


def foreign(name: str, mode: int, comment: bytes = b"repomill-pack/1") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.create_system, info.external_attr = 3, mode << 16
        archive.writestr(info, b"/etc/passwd")
        archive.comment = comment
    return out.getvalue()


@pytest.mark.parametrize("mode", [0o120777, 0o40755, 0o104755, 0])
def test_a_pack_with_a_link_or_folder_is_refused(mode: int) -> None:
    with pytest.raises(PackUnreadable, match="plain file"):
        unpacked(foreign("link", mode))


def test_a_zip_of_another_format_is_refused() -> None:
    with pytest.raises(PackUnreadable, match="repomill-pack/2"):
        unpacked(foreign("a", 0o100644, b"repomill-pack/2"))


def test_a_pack_with_a_hostile_path_yields_nothing() -> None:
    with pytest.raises(UnsafeTree):
        read_pack(io.BytesIO(foreign("../a", 0o100644)))


def test_a_bomb_is_not_inflated_beyond_its_stated_size() -> None:
    pack = pack_bytes([TreeFile("a", b"\0" * 50_000_000)])
    member = dataclasses.replace(pack[1].members[0], entry=dataclasses.replace(pack[1].members[0].entry, size=10))
    with pytest.raises(TreeCorrupt):
        unpack_member(member, pack[0][member.offset : member.offset + member.stored_size])


def test_a_stream_that_cannot_seek_takes_a_pack(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as source, os.fdopen(writing, "wb", buffering=0) as out:
        write_pack(FILES, out)
        out.close()
        assert source.read() == pack_bytes(FILES)[0]


def test_memory_does_not_grow_with_the_tree(tmp_path: Path) -> None:
    def files() -> Iterator[TreeFile]:
        return (TreeFile(f"{number:03}", os.urandom(1_000_000)) for number in range(80))

    with (tmp_path / "pack").open("w+b") as out:
        tracemalloc.start()
        write_pack(files(), out)
        total = sum(len(file.content) for file in read_pack(out))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert total == 80_000_000
    assert peak < 25_000_000


PROGRAM = """
import os, sys, time, io
os.umask(int(sys.argv[1], 8)); time.tzset()
from repomill.trees.archives import write_archive
from repomill.trees.pack import pack_bytes
from repomill.trees.tree import TreeFile
pack = pack_bytes([TreeFile(chr(233) + "/" + "x" * 120 + ".sh", b"1" * 999, "100755"), TreeFile("a", b"")])[0]
out = io.BytesIO(); write_archive("tar.gz", io.BytesIO(pack), out, "top")
import hashlib; print(hashlib.sha256(pack).hexdigest(), hashlib.sha256(out.getvalue()).hexdigest())
"""


def test_umask_time_zone_and_locale_change_no_byte() -> None:
    answers = set()
    for umask, zone, locale in (
        ("022", "UTC", "C"),
        ("077", "Asia/Kolkata", "C.UTF-8"),
        ("0", "America/Lima", "POSIX"),
    ):
        environment = os.environ | {"TZ": zone, "LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONHASHSEED": umask}
        command = [sys.executable, "-c", PROGRAM, umask]
        answers.add(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)
    assert len(answers) == 1
