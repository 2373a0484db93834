"""`repomill project` on a stored project: looking, reading, writing out, exporting."""

import subprocess
import tarfile
import zipfile
from pathlib import Path
from random import Random

import pytest

from repomill.trees.tree import TreeFile
from tests.integration.cli.conftest import CommandLine
from tests.servers.git_http import git
from tests.servers.small_disk import MEGABYTE, small_disk

CONTENTS = {"README.md", "bin/brew", "logo.bin"}


def test_list_and_show_agree(repomill: CommandLine) -> None:
    stored = repomill.stored()
    [row] = repomill.json("project", "list")
    shown = repomill.json("project", "show", "latest")
    assert row["id"] == shown["id"] == str(stored.project.id)
    assert (row["project"], row["status"], row["files"], row["bytes"]) == ("tea", "completed", 3, 281)
    assert shown["tree"] == stored.project.tree_digest
    assert shown["exports"] == []


def test_a_limit_bounds_the_list(repomill: CommandLine) -> None:
    newest = [repomill.stored() for _ in range(3)][-1]
    assert [row["id"] for row in repomill.json("project", "list", "--limit", 1)] == [str(newest.project.id)]


def test_files_have_type_size_mode_and_digest(repomill: CommandLine) -> None:
    repomill.stored()
    rows = {row["path"]: row for row in repomill.json("project", "files", "latest")}
    assert rows.keys() == CONTENTS
    assert rows["bin/brew"]["mode"] == "100755"
    assert rows["README.md"] | {"sha256": ""} == {
        "path": "README.md",
        "type": "markdown",
        "bytes": 6,
        "mode": "100644",
        "sha256": "",
    }


def test_text_output_names_every_file(repomill: CommandLine) -> None:
    repomill.stored()
    out = repomill("project", "files", "latest").out
    assert all(path in out for path in CONTENTS)
    assert "Not exported." in repomill("project", "show", "latest").err


@pytest.mark.parametrize("command", [("project", "export"), ("export", "plan")])
def test_an_export_to_a_host_needs_credentials(repomill: CommandLine, command: tuple[str, str]) -> None:
    stored = repomill.stored()
    refused = repomill(*command, "latest", "--to", "github:ada/shop", "--host", "http://127.0.0.1:9")
    assert refused.code == 2
    assert "An export to github:ada/shop needs credentials" in refused.err
    assert "--credentials NAME" in refused.err
    assert repomill.json("project", "show", stored.project.id)["exports"] == []


def test_cat_writes_the_bytes_and_nothing_else(repomill: CommandLine) -> None:
    text = "Earl Grey für zwei\r\nno newline at the end"
    repomill.stored(TreeFile("tea.txt", text.encode()))
    assert repomill("project", "cat", "latest", "tea.txt").out == text


@pytest.mark.parametrize("path", ["NOPE", "bin", "../README.md", ""])
def test_cat_of_an_unknown_file_says_where_to_look(repomill: CommandLine, path: str) -> None:
    repomill.stored()
    assert repomill.fails(2, "project", "cat", "latest", path) == (
        f"error: There is no file {path!r}.\nhint:  `repomill project files ID` prints what there is.\n"
    )


def test_checkout_is_a_clean_repository(repomill: CommandLine) -> None:
    repomill.stored()
    told = repomill.json("project", "checkout", "latest", "out")
    assert git("-C", "out", "rev-parse", "HEAD") == told["commit"]
    assert git("-C", "out", "status", "--porcelain") == ""
    assert set(git("-C", "out", "ls-files").splitlines()) == CONTENTS


def test_checkout_does_not_touch_a_folder_that_holds_something(repomill: CommandLine) -> None:
    repomill.stored()
    (mine := repomill.folder / "mine.txt").write_text("mine")
    said = repomill.fails(2, "project", "checkout", "latest", ".")
    assert "exists and holds something else" in said
    assert list(repomill.folder.glob("*.md")) == []
    assert mine.read_text() == "mine"


def test_checkout_again_brings_a_checkout_up_to_date(repomill: CommandLine) -> None:
    repomill.stored()
    repomill.json("project", "checkout", "latest", "out")
    repomill.stored(TreeFile("README.md", b"# Coffee\n"))
    told = repomill.json("project", "checkout", "latest", "out")
    assert (told["kept"], told["left_out"]) == ([], [])
    assert git("-C", "out", "rev-list", "--count", "main") == "2"
    assert {path.name for path in repomill.folder.glob("out/*")} == {".git", "README.md"}


def test_checkout_over_changes_needs_force(repomill: CommandLine) -> None:
    repomill.stored()
    repomill.json("project", "checkout", "latest", "out")
    readme = Path("out/README.md")
    readme.write_text("mine")
    git("-C", "out", "-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "--quiet", "--all", "-m", "Mine")
    readme.write_text("mine, not committed")
    said = repomill.fails(3, "project", "checkout", "latest", "out")
    assert "Mine; README.md.\nhint:  Name another folder, or repeat with --force" in said
    assert readme.read_text() == "mine, not committed"
    forced = repomill("project", "checkout", "latest", "out", "--force")
    assert "are on the branch before-checkout-1." in forced.err
    assert readme.read_text() == "# Tea\n"
    assert git("-C", "out", "show", "before-checkout-1:README.md") == "mine"


def test_a_generation_that_is_gone_is_said(repomill: CommandLine) -> None:
    first = repomill.stored()
    repomill.stored(TreeFile("README.md", b"# Coffee\n"))
    (repomill.home / "artifacts" / first.project.pack_key).unlink()
    ended = repomill("project", "checkout", "latest", "out", "--format", "json")
    assert "is left out: its tree is no longer stored." in ended.err
    assert ended.json["left_out"] == [first.project.execution_id]


def test_a_full_disk_is_said(repomill: CommandLine) -> None:
    repomill.stored(TreeFile("noise", Random(1).randbytes(3 * MEGABYTE)))
    with small_disk(repomill.folder / "disk") as disk:
        assert "the disk" in repomill.fails(1, "project", "checkout", "latest", disk / "out")
        said = repomill.fails(3, "project", "export", "latest", "--to", f"tar:{disk}/out.tar")
        assert f"{disk}/out.tar cannot be used: " in said
        assert list(disk.iterdir()) == []


def test_a_zip_opens_with_zipfile(repomill: CommandLine) -> None:
    stored = repomill.stored()
    told = repomill.json("project", "export", "latest", "--to", "zip:out.zip")
    with zipfile.ZipFile("out.zip") as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {
            file.path: file.content for file in stored.files
        }
    assert told["tree"] == stored.project.tree_digest
    assert told["bytes"] == Path(told["to"]).stat().st_size


def test_a_tar_opens_with_the_tar_command(repomill: CommandLine) -> None:
    repomill.stored()
    repomill.json("project", "export", "latest", "--to", "tar.gz:out.tar.gz")
    subprocess.run(["tar", "-xzf", "out.tar.gz"], check=True)
    assert Path("README.md").read_bytes() == b"# Tea\n"
    assert Path("bin/brew").stat().st_mode & 0o111
    with tarfile.open("out.tar.gz") as archive:
        assert set(archive.getnames()) == CONTENTS


@pytest.mark.parametrize("form", ["zip", "tar.gz"])
def test_an_archive_is_the_same_bytes_every_time(repomill: CommandLine, form: str) -> None:
    repomill.stored()
    for name in ("one", "two", "two"):
        repomill.json("project", "export", "latest", "--to", f"{form}:{name}")
    assert Path("one").read_bytes() == Path("two").read_bytes()


def test_a_git_export_repeated_leaves_one_commit(repomill: CommandLine) -> None:
    repomill.stored()
    git("init", "--quiet", "--bare", "remote.git")
    url = (repomill.folder / "remote.git").as_uri()
    told = [repomill.json("project", "export", "latest", "--to", f"git:{url}", "--branch", "b") for _ in range(2)]
    assert told[0] == told[1]
    assert git("--git-dir=remote.git", "rev-list", "--all") == told[0]["commit"]
    assert [export["status"] for export in repomill.json("project", "show", "latest")["exports"]] == ["completed"] * 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--to", "zip:"), "'zip:' is not an export target"),
        (("--to", "rar:x.rar"), "zip[:PATH], "),
        (("--to", "git:ftp://x/y"), "cannot be a Git remote"),
        (("--to", "git:http://me:secret@127.0.0.1/x"), "belong in a credentials block"),
        (("--to", "git:http://127.0.0.1/x", "--branch", "a..b"), "'a..b' is not a branch name"),
    ],
)
def test_a_target_that_cannot_be_is_refused(repomill: CommandLine, arguments: tuple[str, ...], said: str) -> None:
    repomill.stored()
    told = repomill.fails(2, "project", "export", "latest", *arguments)
    assert said in told
    assert "secret" not in told
    assert repomill.json("project", "show", "latest")["exports"] == []


def test_an_archive_where_nothing_can_be_written(repomill: CommandLine) -> None:
    repomill.stored()
    Path("folder").mkdir()
    Path("file").write_text("mine")
    for place in ("folder", "file/out.zip"):
        assert "cannot be used: " in repomill.fails(3, "project", "export", "latest", "--to", f"zip:{place}")
    assert Path("file").read_text() == "mine"
    assert list(Path("folder").iterdir()) == []


def test_a_remote_that_is_not_there_is_a_failed_export_that_can_be_repeated(repomill: CommandLine) -> None:
    repomill.stored()
    url = (repomill.folder / "remote.git").as_uri()
    said = repomill.fails(3, "project", "export", "latest", "--to", f"git:{url}")
    assert "there is no such repository" in said
    [failed] = repomill.json("project", "show", "latest")["exports"]
    assert (failed["status"], "no such repository" in failed["error"]) == ("failed", True)
    git("init", "--quiet", "--bare", "remote.git")
    repomill.json("project", "export", "latest", "--to", f"git:{url}")
    [done] = repomill.json("project", "show", "latest")["exports"]
    assert (done["export"], done["status"], done["error"]) == (failed["export"], "completed", None)


def test_an_unreachable_remote_may_be_tried_again(repomill: CommandLine) -> None:
    repomill.stored()
    said = repomill.fails(1, "project", "export", "latest", "--to", "git:http://127.0.0.1:9/x.git")
    assert "cannot be reached" in said
    assert "Export again later; the project is stored." in said


def test_others_commits_are_never_overwritten(repomill: CommandLine) -> None:
    repomill.stored()
    git("init", "--quiet", "--bare", "--initial-branch=main", "remote.git")
    git("clone", "--quiet", "remote.git", "theirs")
    author = ("-c", "user.name=A", "-c", "user.email=a@b.c")
    git("-C", "theirs", *author, "commit", "--quiet", "--allow-empty", "-m", "theirs")
    git("-C", "theirs", "push", "--quiet", "origin", "HEAD:main")
    url = (repomill.folder / "remote.git").as_uri()
    said = repomill.fails(3, "project", "export", "latest", "--to", f"git:{url}")
    assert "it has others' commits" in said
    assert "--branch" in said
    assert git("--git-dir=remote.git", "log", "--format=%s", "main") == "theirs"
    repomill.json("project", "export", "latest", "--to", f"git:{url}", "--branch", "generated")


def test_bytes_that_changed_in_the_store_are_not_handed_out(repomill: CommandLine) -> None:
    stored = repomill.stored()
    pack = repomill.home / "artifacts" / stored.project.pack_key
    pack.chmod(0o644)
    pack.write_bytes(pack.read_bytes().replace(b"tea", b"tee").replace(bytes(range(64)), bytes(64)))
    assert "the store" in repomill.fails(1, "project", "cat", "latest", "logo.bin").lower()


def test_a_pack_that_is_gone_is_said(repomill: CommandLine) -> None:
    stored = repomill.stored()
    (repomill.home / "artifacts" / stored.project.pack_key).unlink()
    said = repomill.fails(1, "project", "export", "latest", "--to", "tar.gz:x")
    assert f"has no object {stored.project.pack_key}" in said
    assert not Path("x").exists()
