"""What commands that export are told; declared once, for all of them."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from cli.boundary import load_settings
from cli.output import Format, FormatOption
from repomill.errors import CredentialsNeeded
from repomill.publishing.hosts.port import Visibility
from repomill.publishing.merging.policy import parse_rule
from repomill.publishing.options import ExportOptions, OnFailure, RequestUse
from repomill.publishing.planning.plan import ExportMode

if TYPE_CHECKING:
    from repomill.publishing.exports import ExportTarget
    from repomill.publishing.targets import Destination
    from tasks.host_access import Access

ReferenceArgument = Annotated[str, typer.Argument(metavar="ID", help="Id, unique prefix of an id, or `latest`.")]
CredentialsOption = Annotated[str, typer.Option(help="Name of the credentials block, where the remote asks.")]
_PLACES = "github:OWNER/NAME, gitlab:GROUP/NAME, gitea:OWNER/NAME, git:URL, or an archive."
_RULES = "PATTERN=merge|ours|theirs|never: who decides about which paths; the last wins."
_MODES = "Merge with what people changed (the default on hosts), or replace it."


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """What is to be exported, where to, and how; the fields are arguments and options of a command."""

    reference: ReferenceArgument
    to: Annotated[str, typer.Option("--to", help=_PLACES)]
    branch: Annotated[str, typer.Option(help="Branch of the repository.")] = "main"
    message: Annotated[str, typer.Option(help="Subject of the commit, and title of the request.")] = ""
    credentials: CredentialsOption = ""
    host: Annotated[str, typer.Option(help="Address of the host, where it is not the vendor's own.")] = ""
    mode: Annotated[ExportMode | None, typer.Option(help=_MODES)] = None
    rule: Annotated[list[str] | None, typer.Option("--rule", help=_RULES)] = None
    request: Annotated[RequestUse, typer.Option(help="When to open a pull or merge request.")] = RequestUse.AUTO
    label: Annotated[list[str] | None, typer.Option("--label", help="A label of the request.")] = None
    reviewer: Annotated[list[str] | None, typer.Option("--reviewer", help="A user who is asked to review it.")] = None
    draft: Annotated[bool, typer.Option("--draft", help="Open the request as a draft.")] = False
    visibility: Annotated[Visibility, typer.Option(help="Who can read a repository that is made.")] = Visibility.PRIVATE
    protect: Annotated[bool, typer.Option("--protect", help="Protect the branch, if it has no protection yet.")] = False
    on_failure: Annotated[OnFailure, typer.Option(help="What becomes of a repository that was made in vain.")] = (
        OnFailure.KEEP
    )
    output: FormatOption = Format.TEXT

    def destination(self) -> "Destination":
        """Read where it goes, and refuse what no host lets in before anything is read or started.

        Raises:
            CredentialsNeeded: it is a repository on a host, and no credentials are named.
            ExportTargetInvalid, RepositoryNameInvalid, RemoteUrlInvalid, BranchNameInvalid: see `parse_destination`.
        """
        from repomill.publishing.targets import HostTarget, parse_destination

        destination = parse_destination(self.to, self.branch)
        if isinstance(destination, HostTarget) and not self.credentials:
            raise CredentialsNeeded(f"{destination.kind}:{destination.path}")
        return destination

    def target(self, destination: Any) -> "ExportTarget":
        """Return what publishing takes for a repository; raises `MergeRuleInvalid` and `MergePatternInvalid`."""
        from tasks.publish import export_target

        target = export_target(destination, self._options())
        return replace(target, message=self.message, credentials=self.credentials)

    def _options(self) -> ExportOptions:
        return ExportOptions(
            host=self.host,
            mode=self.mode,
            rules=tuple(parse_rule(text) for text in self.rule or ()),
            request=self.request,
            labels=tuple(self.label or ()),
            reviewers=tuple(self.reviewer or ()),
            draft=self.draft,
            visibility=self.visibility,
            protect=self.protect,
            on_failure=self.on_failure,
        )


def takes_order(command: Callable[[ExportOrder], None]) -> Callable[..., None]:
    """Give a command the fields of an order as its arguments and options."""

    @wraps(command)
    def run(**given: Any) -> None:
        command(ExportOrder(**given))

    run.__signature__ = inspect.signature(ExportOrder)  # type: ignore[attr-defined]  # Typer reads it
    run.__annotations__ = get_type_hints(ExportOrder, include_extras=True)
    return run


async def load_login(target: "Destination | ExportTarget", name: str) -> "Access":
    """Return what the block of this name holds; an engine is in use already."""
    if not name:
        return None
    from tasks.credentials import load_access

    return await load_access(getattr(target, "kind", "git"), name)


def needs_engine(target: Any, credentials: str) -> bool:
    """Tell whether a block has to be read, or a link to be served from a folder."""
    from storage.artifacts.factory import is_folder

    is_link = getattr(target, "path", target) is None
    return bool(credentials) or (is_link and is_folder(load_settings().effective_artifacts_url()))
