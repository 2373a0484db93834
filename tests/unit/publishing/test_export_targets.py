"""The texts of `--to`."""

import subprocess
import sys
from pathlib import Path

import pytest

from repomill.errors import BranchNameInvalid, ExportTargetInvalid, RemoteUrlInvalid, RepositoryNameInvalid
from repomill.publishing.hosts.registry import host_kinds
from repomill.publishing.targets import (
    ArchiveTarget,
    Destination,
    GitTarget,
    HostTarget,
    Target,
    destination_kinds,
    parse_destination,
    parse_target,
    target_kinds,
)
from repomill.trees.archives import ARCHIVE_FORMATS


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("zip:out/shop.zip", ArchiveTarget("zip", Path("out/shop.zip"))),
        ("tar.zst", ArchiveTarget("tar.zst")),
        ("tar.gz:/tmp/a:b.tar.gz", ArchiveTarget("tar.gz", Path("/tmp/a:b.tar.gz"))),
        ("git:file:///srv/shop.git", GitTarget("file:///srv/shop.git", "main")),
        ("git:git@git.example.com:org/shop.git", GitTarget("git@git.example.com:org/shop.git", "main")),
    ],
)
def test_a_target_is_its_kind_and_the_rest(text: str, target: Target) -> None:
    assert parse_target(text) == target


def test_a_branch_goes_to_the_targets_that_have_one() -> None:
    assert parse_target("git:/srv/shop.git", "generated") == GitTarget("file:///srv/shop.git", "generated")


@pytest.mark.parametrize("text", ["", "git", "zip:", "git:", "rar:x", "https://git.example.com/x", ":x", "ZIP:x"])
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


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("github:acme/shop", HostTarget("github", "acme/shop")),
        ("gitlab:acme/web/front/shop", HostTarget("gitlab", "acme/web/front/shop")),
        ("gitea:ada.l/shop.js", HostTarget("gitea", "ada.l/shop.js")),
        ("git:/srv/shop.git", GitTarget("file:///srv/shop.git")),
        ("zip:shop.zip", ArchiveTarget("zip", Path("shop.zip"))),
    ],
)
def test_a_destination_may_be_on_a_host(text: str, target: Destination) -> None:
    assert parse_destination(text) == target


@pytest.mark.parametrize(
    "path",
    [
        "shop",
        "a/b/c",
        "-a/shop",
        "a--b/shop",
        "a/",
        "/shop",
        "acme/..",
        "acme/shop.git",
        "a/b c",
        "a/b?x",
        "x" * 40 + "/y",
    ],
)
def test_a_name_that_github_would_not_take_is_refused(path: str) -> None:
    with pytest.raises(RepositoryNameInvalid, match="cannot be a repository"):
        parse_destination(f"github:{path}")


@pytest.mark.parametrize("path", ["shop", "-a/shop", "a/b//c", "a/b/shop.git", "a/shop.", "a/s~p"])
def test_a_name_that_gitlab_would_not_take_is_refused(path: str) -> None:
    with pytest.raises(RepositoryNameInvalid):
        parse_destination(f"gitlab:{path}")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("githb:acme/shop", "github:acme/shop"),
        ("GitLab:acme/shop", "gitlab:acme/shop"),
        ("https://github.com/acme/shop.git", "github:acme/shop"),
        ("https://git.example.com/acme/shop", "git:https://git.example.com/acme/shop"),
        ("github:https://github.com/acme/shop.git", "github:acme/shop"),
        ("github:git@github.com:acme/shop.git", "github:acme/shop"),
    ],
)
def test_what_somebody_meant_is_offered(text: str, meant: str) -> None:
    with pytest.raises((ExportTargetInvalid, RepositoryNameInvalid)) as caught:
        parse_destination(text)
    assert meant in caught.value.advice()


def test_every_host_is_a_destination_with_a_form() -> None:
    assert set(destination_kinds()) == {*target_kinds(), *host_kinds()}
    assert all(kind.form.startswith(f"{name}:") for name, kind in host_kinds().items())


def test_finding_hosts_loads_no_vendor_library() -> None:
    code = "import sys; from repomill.publishing.hosts.registry import host_kinds; host_kinds()\n"
    code += "sys.exit(any(name in sys.modules for name in ('github', 'gitlab', 'httpx', 'git')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("text", ["https://ada:s3cret@github.com/a/b", "github:https://ada:s3cret@github.com/a/b"])
def test_a_password_in_a_pasted_url_is_not_repeated(text: str) -> None:
    with pytest.raises((ExportTargetInvalid, RepositoryNameInvalid)) as caught:
        parse_destination(text)
    assert "s3cret" not in f"{caught.value!r} {caught.value} {caught.value.advice()}"
