"""Options that commands which export have in common."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.boundary import load_settings
from repomill.errors import CredentialsNeeded
from repomill.publishing.hosts.port import Visibility
from repomill.publishing.merging.policy import parse_rule
from repomill.publishing.options import ExportOptions, OnFailure, RequestUse
from repomill.publishing.planning.plan import ExportMode

if TYPE_CHECKING:
    from repomill.publishing.exports import ExportTarget
    from repomill.publishing.targets import Destination
    from tasks.host_access import Access

ToOption = Annotated[
    str, typer.Option("--to", help="github:OWNER/NAME, gitlab:GROUP/NAME, gitea:OWNER/NAME, git:URL, or an archive.")
]
BranchOption = Annotated[str, typer.Option(help="Branch of the repository.")]
CredentialsOption = Annotated[str, typer.Option(help="Name of the credentials block, where the remote asks.")]
HostOption = Annotated[str, typer.Option(help="Address of the host, where it is not the vendor's own.")]
MessageOption = Annotated[str, typer.Option(help="Subject of the commit, and title of the request.")]
ModeOption = Annotated[
    ExportMode | None, typer.Option(help="Merge with what people changed (the default on hosts), or replace it.")
]
RequestOption = Annotated[RequestUse, typer.Option(help="When to open a pull or merge request.")]
VisibilityOption = Annotated[Visibility, typer.Option(help="Who can read a repository that is made.")]
ProtectOption = Annotated[bool, typer.Option("--protect", help="Protect the branch, if it has no protection yet.")]
RuleOption = Annotated[
    list[str] | None,
    typer.Option("--rule", help="PATTERN=merge|ours|theirs|never: who decides about which paths; the last wins."),
]
LabelOption = Annotated[list[str] | None, typer.Option("--label", help="A label of the request.")]
ReviewerOption = Annotated[list[str] | None, typer.Option("--reviewer", help="A user who is asked to review it.")]
DraftOption = Annotated[bool, typer.Option("--draft", help="Open the request as a draft.")]
OnFailureOption = Annotated[OnFailure, typer.Option(help="What becomes of a repository that was made in vain.")]


def require_login(target: "Destination", name: str) -> None:
    """Refuse what no host lets in, before anything is read or started; raises `CredentialsNeeded`."""
    from repomill.publishing.targets import HostTarget

    if isinstance(target, HostTarget) and not name:
        raise CredentialsNeeded(f"{target.kind}:{target.path}")


async def load_login(target: "Destination | ExportTarget", name: str) -> "Access":
    """Return what the block of this name holds; an engine is in use already."""
    if not name:
        return None
    from tasks.credentials import load_access

    return await load_access(getattr(target, "kind", "git"), name)


def host_options(
    rule: list[str] | None, label: list[str] | None, reviewer: list[str] | None, **told: Any
) -> ExportOptions:
    """Return the options of an export; raises `MergeRuleInvalid` and `MergePatternInvalid`."""
    rules = tuple(parse_rule(text) for text in rule or ())
    return replace(ExportOptions(), rules=rules, labels=tuple(label or ()), reviewers=tuple(reviewer or ()), **told)


def needs_engine(target: Any, credentials: str) -> bool:
    """Tell whether a block has to be read, or a link to be served from a folder."""
    from storage.artifacts.factory import is_folder

    is_link = getattr(target, "path", target) is None
    return bool(credentials) or (is_link and is_folder(load_settings().effective_artifacts_url()))
