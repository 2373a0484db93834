import pytest
from hypothesis import given
from hypothesis import strategies as st

from repomill.errors import UnsafeTree
from repomill.trees.paths import check_paths, join_path
from tests.unit.trees.hostile_paths import HOSTILE_PATHS


def problems(*paths: str) -> tuple[str, ...]:
    with pytest.raises(UnsafeTree) as caught:
        check_paths(paths)
    return caught.value.problems


@pytest.mark.parametrize(("path", "reason"), HOSTILE_PATHS, ids=[ascii(path)[:40] for path, _ in HOSTILE_PATHS])
def test_a_hostile_path_is_refused_with_its_reason(path: str, reason: str) -> None:
    found = problems(path)
    assert all(repr(path) in problem for problem in found)
    assert any(reason in problem for problem in found)


ORDINARY_PATHS = """
a  src/app.py  .gitignore  .github/workflows/ci.yml  .gitmodules  git  a.git  git~  café/ñ.txt  [id]/page.tsx
__init__.py  console.py  com10  nul_  日本/語.md  ..a  a..b  👩\u200d💻.md
"""


@pytest.mark.parametrize("path", [*ORDINARY_PATHS.split(), "a b/c d"])
def test_an_ordinary_path_is_accepted(path: str) -> None:
    check_paths([path])


def test_every_fault_of_every_path_is_told() -> None:
    assert problems("/con", "good.txt", "a\\b/.git") == (
        "'/con' is absolute.",
        "'/con' has an empty part.",
        "'/con' has a part that is a device on Windows.",
        "'a\\\\b/.git' has a backslash, which Windows takes as a separator.",
        "'a\\\\b/.git' would be opened as '.git'.",
    )


@pytest.mark.parametrize(
    ("paths", "reason"),
    [
        (("a", "a"), "there twice"),
        (("Readme.md", "README.md"), "differ only in case"),
        (("straße", "STRASSE"), "differ only in case"),
        (("\u00e9", "e\u0301"), "differ only in case"),
        (("ab", "a\u200cb"), "differ only in case"),
        (("src/a", "Src/b"), "folders 'Src' and 'src' differ"),
        (("a", "a/b"), "'a' is a file and 'a' is a folder"),
        (("a/b/c", "A/B"), "'A/B' is a file and 'a/b' is a folder"),
    ],
)
def test_paths_that_some_system_takes_as_one_are_refused(paths: tuple[str, ...], reason: str) -> None:
    assert any(reason in problem for problem in problems(*paths))
    assert any(
        "differ" in problem or "twice" in problem or "is a file" in problem for problem in problems(*paths[::-1])
    )


def test_a_problem_can_be_printed_even_when_the_path_cannot() -> None:
    str(UnsafeTree(problems("a\ud800b\x00"))).encode("utf-8")


@given(st.text(), st.sampled_from([path for path, _ in HOSTILE_PATHS if path]))
def test_a_hostile_part_makes_every_path_around_it_hostile(prefix: str, hostile: str) -> None:
    assert problems(f"{prefix}/{hostile}")


@pytest.mark.parametrize(
    ("folder", "path", "joined"),
    [
        (".", "a", "a"),
        ("", "a", "a"),
        ("./", "./a", "a"),
        ("src", "a/b", "src/a/b"),
        ("./src/", "./a", "src/a"),
        ("src", "../a", "src/../a"),
        ("src", "/etc/passwd", "src//etc/passwd"),
        ("/", "a", "/a"),
    ],
)
def test_joining_takes_a_dot_as_the_root_and_hides_nothing(folder: str, path: str, joined: str) -> None:
    assert join_path(folder, path) == joined


@given(st.text("aA.g-it/conUX9~ ", max_size=12) | st.sampled_from([path for path, _ in HOSTILE_PATHS]))
def test_the_quick_look_at_a_path_passes_nothing_that_the_rules_refuse(path: str) -> None:
    """With one character that the quick look does not know, the rules alone decide."""
    slowly = faults_of(f"é/{path}" if path else path)
    assert bool(faults_of(path)) or not slowly


def faults_of(path: str) -> tuple[str, ...]:
    try:
        check_paths([path])
    except UnsafeTree as error:
        return error.problems
    return ()
