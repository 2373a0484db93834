"""Where a stored tree can go: the texts of `--to`, each kind declared once in `TARGET_KINDS`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar, Union

from repomill.errors import ExportTargetInvalid
from repomill.publishing.git_urls import check_branch, check_remote_url

if TYPE_CHECKING:
    from repomill.publishing.hosts.kinds import HostKind

DEFAULT_BRANCH = "main"

_CREDENTIALS = re.compile(r"//[^/]*@")


@dataclass(frozen=True, slots=True)
class ArchiveTarget:
    """One archive file; `format` is a name in `repomill.trees.archives.ARCHIVE_FORMATS`.

    Without a path it stays in the artefact store, and a link to it is what people get.
    """

    format: str
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class GitTarget:
    """One branch of one Git remote."""

    url: str
    branch: str = DEFAULT_BRANCH


@dataclass(frozen=True, slots=True)
class HostTarget:
    """One branch of a repository on a host; `kind` is a name in `repomill.publishing.hosts.registry.host_kinds`."""

    kind: str
    path: str
    branch: str = DEFAULT_BRANCH


Target = Union[ArchiveTarget, GitTarget]
Destination = Union[Target, HostTarget]


T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class TargetKind(Generic[T_co]):
    """What may stand before the colon. `form` is how people write it, `parse` takes the rest and the branch."""

    form: str
    parse: Callable[[str, str], T_co]
    alone: bool = False
    """Whether the name means something without a colon."""


def archive_kind(name: str) -> TargetKind[Target]:
    """Declare the target that is one archive of a format."""
    return TargetKind(
        f"{name}[:PATH]", lambda rest, _branch: ArchiveTarget(name, Path(rest) if rest else None), alone=True
    )


def _git(rest: str, branch: str) -> Target:
    return GitTarget(check_remote_url(rest), check_branch(branch))


def target_kinds() -> Mapping[str, TargetKind[Target]]:
    """Return every kind that needs no host by name: the archive formats there are, and plain Git."""
    from repomill.trees.archives import ARCHIVE_FORMATS

    return {name: archive_kind(name) for name in ARCHIVE_FORMATS} | {"git": TargetKind("git:URL", _git)}


def parse_target(text: str, branch: str = DEFAULT_BRANCH) -> Target:
    """Read what stands after `--to`; `branch` is for targets that have branches.

    Raises:
        ExportTargetInvalid: no such kind, or nothing after the colon.
        RemoteUrlInvalid: Git must not be given this URL.
        BranchNameInvalid: Git would not accept this branch.
    """
    return _parse(text, branch, target_kinds())


def destination_kinds() -> Mapping[str, TargetKind[Destination]]:
    """Return every kind by name, those of hosts included."""
    from repomill.publishing.hosts.registry import host_kinds

    return {**target_kinds(), **{kind.name: _host_kind(kind) for kind in host_kinds().values()}}


def parse_destination(text: str, branch: str = DEFAULT_BRANCH) -> Destination:
    """Read what stands after `--to`, hosts included; `branch` is for targets that have branches.

    Raises:
        ExportTargetInvalid: no such kind, or nothing after the colon.
        RepositoryNameInvalid: the host would not accept this owner or name.
        RemoteUrlInvalid: Git must not be given this URL.
        BranchNameInvalid: Git would not accept this branch.
    """
    return _parse(text, branch, destination_kinds())


def _host_kind(kind: "HostKind") -> TargetKind[Destination]:
    def parse(rest: str, branch: str) -> Destination:
        return HostTarget(kind.name, kind.names.check(rest, kind.form), check_branch(branch))

    return TargetKind(kind.form, parse)


def _parse(text: str, branch: str, kinds: Mapping[str, TargetKind[T_co]]) -> T_co:
    name, colon, rest = text.partition(":")
    if name not in kinds or not (rest or (kinds[name].alone and not colon)):
        forms = (kind.form for kind in kinds.values())
        text, rest = (_CREDENTIALS.sub("//", part) for part in (text, rest))
        raise ExportTargetInvalid(text, ", ".join([*_meant(name, rest, list(kinds)), *forms]))
    return kinds[name].parse(rest, branch)


def _meant(name: str, rest: str, kinds: list[str]) -> list[str]:
    """Guess what a name with a slip, or a pasted URL of a host, was to be."""
    if rest.startswith("//"):
        host, _, path = rest.removeprefix("//").partition("/")
        pasted = [kind for kind in kinds if kind in host.split(".") and kind != "git"]
        return [f"{kind}:{path.removesuffix('.git').strip('/')}" for kind in pasted] or [f"git:{name}:{rest}"]
    return [f"{kind}:{rest}" for kind in get_close_matches(name.lower(), kinds, 1) if rest]
