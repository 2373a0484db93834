"""Checks a template out of a Git repository, at a tag or a commit that will not move."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from repomill.errors import CopierTemplateFailed, TemplateRefNotFound
from repomill.publishing._command import Git
from repomill.publishing._environment import child_environment
from repomill.publishing.git_remote import GitRemote
from repomill.publishing.git_urls import check_branch, check_remote_url

_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True, slots=True)
class CheckedOut:
    """What was checked out: the full commit id, and what `git describe --tags` calls it."""

    commit: str
    version: str


async def check_out_template(url: str, ref: str, scratch: Path, tree: Path) -> CheckedOut:
    """Write the files of `ref` into the new folder `tree`; `scratch` is an empty folder for the repository.

    All history is fetched, because the name that `git describe` gives a commit depends on it.

    Raises:
        RemoteUrlInvalid, RemoteRefused, RemoteUnavailable: the repository cannot be read.
        TemplateRefNotFound: it has no such tag and no such commit.
        CopierTemplateFailed: it has submodules, which would be fetched from elsewhere.
    """
    url = check_remote_url(url)
    git = Git(scratch, child_environment(url))
    await git.must("init", "--quiet", "--bare", "--template=")
    await GitRemote(git, url).mirror()
    commit = await _resolve(git, url, ref)
    if "160000" in {line.split(" ")[0] for line in (await git.must("ls-tree", "-r", commit)).splitlines()}:
        raise CopierTemplateFailed(url, "it has submodules, which are not followed.")
    await git.must("worktree", "add", "--quiet", "--detach", "--force", str(tree), commit)
    return CheckedOut(commit, await git.must("describe", "--tags", "--always", commit))


async def _resolve(git: Git, url: str, ref: str) -> str:
    """Return the commit of a tag, or a full commit id that is there; a branch is neither."""
    wanted = ref if _COMMIT.fullmatch(ref) else f"refs/tags/{check_branch(ref)}"
    found = await git.run("rev-parse", "--quiet", "--verify", f"{wanted}^{{commit}}")
    if found.status:
        raise TemplateRefNotFound(url, ref)
    return found.stdout.strip()
