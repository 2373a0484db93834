"""The texts of `--to`."""

import subprocess
import sys
from pathlib import Path

import pytest

from repomill.errors import BranchNameInvalid, ExportTargetInvalid, RemoteUrlInvalid
from repomill.publishing.targets import ArchiveTarget, GitTarget, Target, parse_target, target_kinds
from repomill.trees.archives import ARCHIVE_FORMATS


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("zip:out/shop.zip", ArchiveTarget("zip", Path("out/shop.zip"))),
        ("tar.gz:/tmp/a:b.tar.gz", ArchiveTarget("tar.gz", Path("/tmp/a:b.tar.gz"))),
        ("git:file:///srv/shop.git", GitTarget("file:///srv/shop.git", "main")),
        ("git:git@git.example.com:org/shop.git", GitTarget("git@git.example.com:org/shop.git", "main")),
    ],
)
def test_a_target_is_its_kind_and_the_rest(text: str, target: Target) -> None:
    assert parse_target(text) == target


def test_a_branch_goes_to_the_targets_that_have_one() -> None:
    assert parse_target("git:/srv/shop.git", "generated") == GitTarget("file:///srv/shop.git", "generated")


@pytest.mark.parametrize("text", ["", "zip", "zip:", "git:", "rar:x", "https://git.example.com/x", ":x", "ZIP:x"])
def test_an_unknown_target_is_answered_with_all_there_are(text: str) -> None:
    with pytest.raises(ExportTargetInvalid) as caught:
        parse_target(text)
    assert all(kind.form in caught.value.advice() for kind in target_kinds().values())


def test_every_archive_format_is_a_target() -> None:
    assert set(target_kinds()) == {*ARCHIVE_FORMATS, "git"}


def test_faults_of_url_and_branch_have_their_own_errors() -> None:
    with pytest.raises(RemoteUrlInvalid):
        parse_target("git:ext::sh -c x")
    with pytest.raises(BranchNameInvalid):
        parse_target("git:/srv/shop.git", "--force")


def test_publishing_does_not_load_gitpython() -> None:
    modules = sorted(Path("repomill/publishing").glob("*.py"))
    names = [f"repomill.publishing.{module.stem}" for module in modules if module.stem != "__init__"]
    code = f"import sys, {', '.join(names)}\nsys.exit('git' in sys.modules)"
    assert len(names) > 10
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
