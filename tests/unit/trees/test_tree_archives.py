import io
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest
from backports import zstd

from repomill.errors import ExportTargetInvalid, PackUnreadable, UnsafeTree
from repomill.trees.archives import ARCHIVE_FORMATS, write_archive
from repomill.trees.pack import pack_bytes
from repomill.trees.tree import TreeFile

FILES = (
    TreeFile("bin/run", b"#!/bin/sh\necho hi\n" * 20, "100755"),
    TreeFile("docs/" + "long-" * 30 + "é.md", b"# Title\n"),
    TreeFile("empty", b""),
)
PACK = pack_bytes(FILES)[0]


def archive(name: str, top_folder: str = "") -> bytes:
    out = io.BytesIO()
    write_archive(name, io.BytesIO(PACK), out, top_folder)
    return out.getvalue()


def on_disk(folder: Path) -> dict[str, tuple[bytes, bool]]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.read_bytes(), bool(path.stat().st_mode & 0o100)) for path in found}


EXPECTED = {file.path: (file.content, file.mode == "100755") for file in FILES}


def test_the_zip_archive_is_the_pack() -> None:
    assert archive("zip") == PACK


@pytest.mark.parametrize("name", ARCHIVE_FORMATS)
def test_an_archive_has_the_same_bytes_each_time(name: str) -> None:
    assert archive(name) == archive(name)


@pytest.mark.parametrize("name", ["tar", "tar.gz"])
@pytest.mark.parametrize("top_folder", ["", "project-1.0"])
def test_the_system_tar_unpacks_it(tmp_path: Path, name: str, top_folder: str) -> None:
    (tmp_path / "archive").write_bytes(archive(name, top_folder))
    (tmp_path / "out").mkdir()
    subprocess.run(["tar", "-xf", tmp_path / "archive", "-C", tmp_path / "out"], check=True)
    assert on_disk(tmp_path / "out" / top_folder) == EXPECTED


@pytest.mark.skipif(shutil.which("unzip") is None, reason="unzip is not installed")
@pytest.mark.parametrize("top_folder", ["", "project-1.0"])
def test_the_system_unzip_unpacks_it(tmp_path: Path, top_folder: str) -> None:
    (tmp_path / "a.zip").write_bytes(archive("zip", top_folder))
    command: list[str | Path] = ["unzip", "-q", tmp_path / "a.zip", "-d", tmp_path / "out"]
    subprocess.run(command, check=True, env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"})
    assert on_disk(tmp_path / "out" / top_folder) == EXPECTED


def test_a_top_folder_in_a_zip_leaves_the_contents_alone() -> None:
    with zipfile.ZipFile(io.BytesIO(archive("zip", "top"))) as opened:
        assert opened.testzip() is None
        assert {name: opened.read(name) for name in opened.namelist()} == {f"top/{f.path}": f.content for f in FILES}


def test_a_tar_names_no_user_and_no_time() -> None:
    with tarfile.open(fileobj=io.BytesIO(archive("tar.gz"))) as opened:
        records = opened.getmembers()
    assert {(r.uid, r.gid, r.uname, r.gname, r.mtime) for r in records} == {(0, 0, "", "", 315_532_800)}
    assert [oct(record.mode) for record in records] == ["0o755", "0o644", "0o644"]


def test_the_gzip_header_has_neither_time_nor_name() -> None:
    flags, time = archive("tar.gz")[3], archive("tar.gz")[4:8]
    assert (flags, time) == (0, b"\0\0\0\0")


def test_a_format_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(ExportTargetInvalid) as caught:
        archive("rar")
    assert (caught.value.target, caught.value.known) == ("rar", ", ".join(ARCHIVE_FORMATS))


@pytest.mark.parametrize("name", ARCHIVE_FORMATS)
@pytest.mark.parametrize("top_folder", ["../up", "/root", ".git"])
def test_an_unsafe_top_folder_is_refused(name: str, top_folder: str) -> None:
    with pytest.raises(UnsafeTree):
        archive(name, top_folder)


@pytest.mark.parametrize("name", ARCHIVE_FORMATS)
def test_bytes_that_are_no_pack_are_refused(name: str) -> None:
    with pytest.raises(PackUnreadable):
        write_archive(name, io.BytesIO(b"no pack"), io.BytesIO())


def test_the_zstandard_archive_is_the_tar_archive_compressed() -> None:
    assert zstd.decompress(archive("tar.zst", "project-1.0")) == archive("tar", "project-1.0")
