"""Files below allowed folders, and everything that tries to lead out of them."""

import os
import socket
import threading
from pathlib import Path

import pytest

from repomill.errors import InputFileRefused, InputFilesTooLarge, InputRootsMissing
from repomill.input_files.port import FoundFile, Wanted
from repomill.input_files.roots import Roots


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An allowed folder with a secret beside it."""
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "allowed"
    (folder / "docs" / "deep").mkdir(parents=True)
    for name in ("a.md", "docs/b.md", "docs/deep/c.md", "docs/d.txt"):
        (folder / name).write_text(name)
    return folder


def gather(root: Path, kind: str, place: str, max_bytes: int = 100, max_files: int = 10) -> tuple[FoundFile, ...]:
    wanted = Wanted(kind, place, max_bytes, max_files)  # type: ignore[arg-type]  # one of the kinds
    return Roots((root.parent / "none", root)).gather("start", wanted)


def refused(root: Path, kind: str, place: str) -> str:
    with pytest.raises(InputFileRefused) as refusal:
        gather(root, kind, place)
    assert "secret" not in str(refusal.value).replace(place, "")
    return refusal.value.reason


@pytest.mark.parametrize(
    ("kind", "place", "paths"),
    [
        ("path", "docs/b.md", ["docs/b.md"]),
        ("path", "./docs//b.md", ["docs/b.md"]),
        ("glob", "*.md", ["a.md"]),
        ("glob", "**/*.md", ["a.md", "docs/b.md", "docs/deep/c.md"]),
        ("glob", "docs/?.*", ["docs/b.md", "docs/d.txt"]),
        ("glob", "*.rst", []),
        ("glob", "docs/**", ["docs/b.md", "docs/d.txt", "docs/deep/c.md"]),
        ("glob", "docs/**/", ["docs/b.md", "docs/d.txt", "docs/deep/c.md"]),
        ("glob", "**", ["a.md", "docs/b.md", "docs/d.txt", "docs/deep/c.md"]),
        ("folder", "docs", ["b.md", "d.txt", "deep/c.md"]),
        ("folder", ".", ["a.md", "docs/b.md", "docs/d.txt", "docs/deep/c.md"]),
    ],
)
def test_what_is_asked_for_is_found_in_order(root: Path, kind: str, place: str, paths: list[str]) -> None:
    found = gather(root, kind, place)
    assert [file.path for file in found] == paths
    assert all(file.content.decode().endswith(file.path) for file in found)


def test_absolute_paths_within_a_root_are_taken(root: Path) -> None:
    assert gather(root, "path", f"{root}/a.md")[0].path == "a.md"
    assert len(gather(root, "glob", f"{root}/docs/*.md")) == 1
    assert len(gather(root, "folder", f"{root}/docs")) == 3


def test_nothing_can_be_read_where_nothing_is_allowed() -> None:
    with pytest.raises(InputRootsMissing) as missing:
        Roots(()).gather("start", Wanted("path", "a.md", 10, 1))
    assert "REPOMILL_INPUT_ROOTS" in missing.value.advice()


@pytest.mark.parametrize("kind", ["path", "glob", "folder"])
@pytest.mark.parametrize(
    "place",
    ["../secret.txt", "docs/../../secret.txt", "..", "/etc/passwd", "/etc", "/", "/proc/self/environ", "a.md\0.txt"],
)
def test_paths_that_lead_out_are_refused(root: Path, kind: str, place: str) -> None:
    assert refused(root, kind, place)


@pytest.mark.parametrize("place", ["a**b", "docs/**b", "", ".", "./", "{root}"])
def test_patterns_that_name_no_files_are_refused(root: Path, place: str) -> None:
    assert refused(root, "glob", place.format(root=root))


def test_a_pattern_is_for_the_first_folder_that_has_files_of_it(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "docs" / "b.md").mkdir(parents=True)  # a folder is no match
    (other / "docs" / "z.txt").write_text("z.txt")
    roots = Roots((other, root))
    for pattern, paths in {"docs/*.md": ["docs/b.md"], "docs/*.txt": ["docs/z.txt"], "x*": []}.items():
        assert [file.path for file in roots.gather("start", Wanted("glob", pattern, 10, 10))] == paths


@pytest.mark.parametrize("place", ["none.md", "docs", "docs/none/x", "a.md/x", "x" * 5000])
def test_what_is_no_file_is_refused(root: Path, place: str) -> None:
    assert refused(root, "path", place)


@pytest.mark.parametrize("place", ["a.md", "none"])
def test_what_is_no_folder_is_refused(root: Path, place: str) -> None:
    assert refused(root, "folder", place)


def test_links_out_of_the_folder_are_refused(root: Path) -> None:
    (root / "out.txt").symlink_to("../secret.txt")
    (root / "up").symlink_to("..")
    (root / "circle").symlink_to("circle")
    for place in ("out.txt", "up/secret.txt", "circle"):
        assert refused(root, "path", place)
    assert refused(root, "folder", "up")


def test_links_within_the_folder_are_followed_for_one_file_and_passed_over_by_patterns(root: Path) -> None:
    (root / "alias.md").symlink_to("docs/b.md")
    assert gather(root, "path", "alias.md") == gather(root, "path", "docs/b.md")
    (root / "out.md").symlink_to("../secret.txt")
    (root / "docs" / "loop").symlink_to(root)
    assert [file.path for file in gather(root, "glob", "**/*.md")] == ["a.md", "docs/b.md", "docs/deep/c.md"]


def test_a_pattern_does_not_lead_through_a_link(root: Path) -> None:
    (root / "up").symlink_to("..")
    assert gather(root, "glob", "up/*.txt") == ()


def test_a_link_that_comes_and_goes_never_shows_what_is_outside(root: Path) -> None:
    place, done = root / "now", threading.Event()

    def swap() -> None:
        while not done.is_set():
            (root / "link").symlink_to("../secret.txt")
            (root / "link").replace(place)
            (root / "plain").write_text("plain")
            (root / "plain").replace(place)

    place.write_text("plain")
    other = threading.Thread(target=swap)
    other.start()
    seen = set()
    for _ in range(300):
        try:
            seen.add(gather(root, "path", "now")[0].content)
        except InputFileRefused:
            seen.add(b"refused")
    done.set()
    other.join()
    assert seen <= {b"plain", b"refused"}


def test_pipes_sockets_and_devices_are_refused_without_waiting(root: Path) -> None:
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(root / "socket"))
        for place in ("pipe", "socket"):
            assert refused(root, "path", place)
    with pytest.raises(InputFileRefused):
        Roots((Path("/dev"),)).gather("start", Wanted("path", "zero", 10, 1))


def test_files_that_are_too_large_or_too_many(root: Path) -> None:
    (root / "big").write_bytes(bytes(101))
    for kind, place, bound in (("path", "big", "100 bytes"), ("glob", "b*", "100 bytes")):
        with pytest.raises(InputFilesTooLarge, match=bound):
            gather(root, kind, place)
    with pytest.raises(InputFilesTooLarge, match="2 files"):
        gather(root, "glob", "**/*.md", max_files=2)


def test_a_sparse_file_of_a_terabyte_costs_nothing(root: Path) -> None:
    with (root / "huge").open("wb") as huge:
        huge.truncate(10**12)
    with pytest.raises(InputFilesTooLarge):
        gather(root, "path", "huge")


@pytest.mark.skipif(os.getuid() == 0, reason="nothing is unreadable to root")
def test_an_unreadable_file_is_refused(root: Path) -> None:
    (root / "a.md").chmod(0)
    assert refused(root, "path", "a.md")
