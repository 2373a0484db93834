"""Where a stored tree can go: the texts of `--to`, each kind declared once in `TARGET_KINDS`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Union

from repomill.errors import ExportTargetInvalid
from repomill.publishing.git_urls import check_branch, check_remote_url

DEFAULT_BRANCH = "main"


@dataclass(frozen=True, slots=True)
class ArchiveTarget:
    """One archive file; `format` is a name in `repomill.trees.archives.ARCHIVE_FORMATS`."""

    format: str
    path: Path


@dataclass(frozen=True, slots=True)
class GitTarget:
    """One branch of one Git remote."""

    url: str
    branch: str = DEFAULT_BRANCH


Target = Union[ArchiveTarget, GitTarget]


@dataclass(frozen=True, slots=True)
class TargetKind:
    """What may stand before the colon. `form` is how people write it, `parse` takes the rest and the branch."""

    form: str
    parse: Callable[[str, str], Target]


def archive_kind(name: str) -> TargetKind:
    """Declare the target that is one archive of a format."""
    return TargetKind(f"{name}:PATH", lambda rest, _branch: ArchiveTarget(name, Path(rest)))


def _git(rest: str, branch: str) -> Target:
    return GitTarget(check_remote_url(rest), check_branch(branch))


def target_kinds() -> Mapping[str, TargetKind]:
    """Return every kind by name: the archive formats there are, and the Git hosts."""
    from repomill.trees.archives import ARCHIVE_FORMATS

    return {name: archive_kind(name) for name in ARCHIVE_FORMATS} | {"git": TargetKind("git:URL", _git)}


def parse_target(text: str, branch: str = DEFAULT_BRANCH) -> Target:
    """Read what stands after `--to`; `branch` is for targets that have branches.

    Raises:
        ExportTargetInvalid: no such kind, or nothing after the colon.
        RemoteUrlInvalid: Git must not be given this URL.
        BranchNameInvalid: Git would not accept this branch.
    """
    kinds = target_kinds()
    name, _, rest = text.partition(":")
    if name not in kinds or not rest:
        raise ExportTargetInvalid(text, ", ".join(kind.form for kind in kinds.values()))
    return kinds[name].parse(rest, branch)
