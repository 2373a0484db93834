"""Templates out of Git, over HTTP: at the commit a tag or an id names, and nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # the package has no types of its own

from repomill.errors import (
    BranchNameInvalid,
    CopierTemplateFailed,
    RemoteRefused,
    RemoteUnavailable,
    RemoteUrlInvalid,
    TemplateRefNotFound,
)
from repomill.publishing.git_template import CheckedOut, check_out_template
from repomill.trees.scaffolds import CopierSource, Origin, render_copier, stored_files, stored_scaffold
from tests.fakes.copier_templates import plain_copy, write_template
from tests.servers.git_http import GitServer, git, git_http_server

FILES: dict[str, str | bytes] = {
    "copier.yml": "name: tea\n",
    "{{ name }}.txt.jinja": "{{ _copier_conf.vcs_ref }} {{ _copier_conf.vcs_ref_hash }}\n",
    "run.sh": "#!/bin/sh\n",
    "{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers|to_nice_yaml }}",
}


@pytest.fixture
def anonymous(tmp_path: Path) -> Iterator[GitServer]:
    """A server that everybody may read."""
    (tmp_path / "open").mkdir()
    with git_http_server(tmp_path / "open") as running:
        yield running


def commit(work: Path, message: str) -> str:
    identity = ["-c", "user.name=T", "-c", "user.email=t@example.org"]
    git("-C", str(work), "add", "--all")
    git("-C", str(work), *identity, "commit", "--quiet", "--message", message)
    return git("-C", str(work), "rev-parse", "HEAD")


@pytest.fixture
def template(tmp_path: Path, anonymous: GitServer) -> tuple[str, str, str]:
    """A template's URL with the commits of its tag `1.0` and of the one after it on the branch `main`."""
    url = anonymous.create("pot.git")
    work = write_template(tmp_path / "work", FILES)
    git("init", "--quiet", "--initial-branch=main", str(work))
    first = commit(work, "one")
    git("-C", str(work), "tag", "1.0")
    (work / "new.txt").write_text("new")
    second = commit(work, "two")
    git("-C", str(work), "push", "--quiet", "--tags", url, "main")
    return url, first, second


async def check_out(url: str, ref: str, folder: Path) -> tuple[CheckedOut, set[str]]:
    (scratch := folder / "scratch").mkdir()
    found = await check_out_template(url, ref, scratch, folder / "tree")
    return found, {path.name for path in (folder / "tree").iterdir() if path.name != ".git"}


async def test_a_tag_is_checked_out_at_its_commit(template: tuple[str, str, str], tmp_path: Path) -> None:
    url, first, _ = template
    assert await check_out(url, "1.0", tmp_path) == (CheckedOut(first, "1.0"), set(FILES))


async def test_a_commit_is_described_by_the_tag_before_it(template: tuple[str, str, str], tmp_path: Path) -> None:
    url, _, second = template
    found, files = await check_out(url, second, tmp_path)
    assert found == CheckedOut(second, f"1.0-1-g{second[:7]}")
    assert files == {*FILES, "new.txt"}


@pytest.mark.parametrize("ref", ["main", "2.0", "1.0^", "0" * 40, "HEAD"])
async def test_what_is_neither_tag_nor_commit_is_refused(
    template: tuple[str, str, str], tmp_path: Path, ref: str
) -> None:
    with pytest.raises((TemplateRefNotFound, BranchNameInvalid)) as refusal:
        await check_out(template[0], ref, tmp_path)
    assert ref in str(refusal.value)


@pytest.mark.parametrize("name", ["1.0", "commit"])
async def test_a_template_by_url_gives_the_files_that_copier_writes(
    template: tuple[str, str, str], tmp_path: Path, name: str
) -> None:
    url, _, second = template
    source = CopierSource(url, second if name == "commit" else name)
    found, _ = await check_out(source.url, source.ref, tmp_path)
    origin = Origin(source.address, source.ref, found.commit, found.version)
    rendered = await render_copier(stored_scaffold(stored_files(tmp_path / "tree", origin)), {})
    assert set(rendered.files) == plain_copy(tmp_path, url, "--vcs-ref", source.ref)
    answers = next(file.content for file in rendered.files if file.path == ".copier-answers.yml")
    assert yaml.safe_load(answers) == {"_commit": found.version, "_src_path": url, "name": "tea"}


async def test_a_template_with_submodules_is_refused(anonymous: GitServer, tmp_path: Path) -> None:
    url = anonymous.create("outer.git")
    work = tmp_path / "outer"
    git("init", "--quiet", "--initial-branch=main", str(work))
    git("-C", str(work), "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},inner")
    identity = ["-c", "user.name=T", "-c", "user.email=t@example.org"]
    git("-C", str(work), *identity, "commit", "--quiet", "--message", "one")
    git("-C", str(work), "tag", "1.0")
    git("-C", str(work), "push", "--quiet", "--tags", url, "main")
    with pytest.raises(CopierTemplateFailed, match="submodules"):
        await check_out(url, "1.0", tmp_path)


async def test_a_repository_that_cannot_be_read(anonymous: GitServer, tmp_path: Path) -> None:
    with pytest.raises(RemoteRefused, match="no such repository"):
        await check_out(f"{anonymous.url}/none.git", "1.0", tmp_path)
    anonymous.faults.status = 503
    with pytest.raises(RemoteUnavailable):
        await check_out(f"{anonymous.url}/none.git", "1.0", _new(tmp_path))
    with pytest.raises(RemoteUrlInvalid):
        await check_out("ext::sh -c true", "1.0", _new(tmp_path))


async def test_a_private_repository_is_refused_without_asking(server: GitServer, tmp_path: Path) -> None:
    server.create("private.git")
    with pytest.raises(RemoteRefused, match="authentication failed"):
        await check_out(f"{server.url}/private.git", "1.0", tmp_path)


def _new(folder: Path) -> Path:
    inner = folder / f"again-{len(list(folder.iterdir()))}"
    inner.mkdir()
    return inner
