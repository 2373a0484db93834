"""Errors of Git, remotes, checkouts and archives."""

from dataclasses import dataclass
from typing import ClassVar

from repomill.errors.base import BadInput, Fatal, JsonObject, Retriable, UserActionRequired


@dataclass(eq=False)
class RemoteRefused(UserActionRequired):
    """A Git remote refused: authentication, permission, a hook or a missing repository."""

    remote: str
    reason: str
    code: ClassVar[str] = "remote_refused"
    message: ClassVar[str] = "{remote} refused: {reason}"
    hint: ClassVar[str] = "Mend it there, then `repomill project export` again: the stored project costs nothing more."


@dataclass(eq=False)
class RemoteMoved(UserActionRequired):
    """The remote branch is not where it was expected; Repomill never forces a push."""

    remote: str
    branch: str
    expected: str
    found: str
    code: ClassVar[str] = "remote_moved"
    message: ClassVar[str] = "Branch {branch} of {remote} is at {found}, not at {expected}: it has others' commits."
    hint: ClassVar[str] = "Export to another branch with --branch, or remove that branch yourself."


@dataclass(eq=False)
class RemoteUnavailable(Retriable):
    """A Git remote cannot be reached."""

    remote: str
    reason: str
    code: ClassVar[str] = "remote_unavailable"
    message: ClassVar[str] = "{remote} cannot be reached: {reason}"
    hint: ClassVar[str] = "Export again later; the project is stored."


@dataclass(eq=False)
class CredentialsMissing(UserActionRequired):
    """An export names a credentials block that does not exist."""

    block: str
    code: ClassVar[str] = "credentials_missing"
    message: ClassVar[str] = "There is no credentials block {block!r}."
    hint: ClassVar[str] = (
        "Make it in the Prefect UI under Blocks (Repomill Git Credentials, or the kind the host takes), then repeat."
    )


@dataclass(eq=False)
class CredentialsNeeded(BadInput):
    """An export to a host names no credentials, and no host lets anybody in without."""

    target: str
    code: ClassVar[str] = "credentials_needed"
    message: ClassVar[str] = "An export to {target} needs credentials, and names none."
    hint: ClassVar[str] = (
        "Name the block that holds a token: `--credentials NAME`, or `credentials: NAME` in the node. "
        "Blocks are made in the Prefect UI."
    )


@dataclass(eq=False)
class CredentialsWeaker(UserActionRequired):
    """New credentials may not push where the old ones may; nothing was replaced."""

    repository: str
    code: ClassVar[str] = "credentials_weaker"
    message: ClassVar[str] = "The new credentials may not push to {repository}, where the old ones may."
    hint: ClassVar[str] = "Give the new token access to it, then repeat; the old one is still in place."


@dataclass(eq=False)
class CredentialsSame(BadInput):
    """Credentials were to be replaced by themselves."""

    block: str
    code: ClassVar[str] = "credentials_same"
    message: ClassVar[str] = "The block {block!r} cannot replace itself."
    hint: ClassVar[str] = "Put the new token into a block of another name, and name that one as the replacement."


@dataclass(eq=False)
class DestinationExists(BadInput):
    """A file or folder that would be overwritten."""

    path: str
    code: ClassVar[str] = "destination_exists"
    message: ClassVar[str] = "{path} exists and holds something else."
    hint: ClassVar[str] = "Name another place or move it away."


@dataclass(eq=False)
class CheckoutChanged(UserActionRequired):
    """A person changed a checkout; `changes` are paths and commits, all that checking out again would take away."""

    path: str
    changes: tuple[str, ...]
    code: ClassVar[str] = "checkout_changed"
    message: ClassVar[str] = "{path} has changes of its own: {first}."
    hint: ClassVar[str] = (
        "Name another folder, or repeat with --force: changed files are overwritten, commits stay on a branch"
        " before-checkout-1, -2, ..."
    )

    def facts(self) -> JsonObject:
        """Add the first few changes, which the message prints."""
        shown, rest = "; ".join(self.changes[:5]), len(self.changes) - 5
        return super().facts() | {"first": f"{shown}; and {rest} more" if rest > 0 else shown}


@dataclass(eq=False)
class ExportTargetInvalid(BadInput):
    """`--to` does not name a target that exists."""

    target: str
    known: str
    code: ClassVar[str] = "export_target_invalid"
    message: ClassVar[str] = "{target!r} is not an export target."
    hint: ClassVar[str] = "Write one of: {known}."


@dataclass(eq=False)
class RemoteUrlInvalid(BadInput):
    """A text that Git must not be given as a remote; `url` has lost whatever may be a secret."""

    url: str
    reason: str
    code: ClassVar[str] = "remote_url_invalid"
    message: ClassVar[str] = "{url} cannot be a Git remote: {reason}."
    hint: ClassVar[str] = "User names and tokens come from a credentials block, never from the URL."


@dataclass(eq=False)
class BranchNameInvalid(BadInput):
    """A branch name that Git does not accept."""

    branch: str
    code: ClassVar[str] = "branch_name_invalid"
    message: ClassVar[str] = "{branch!r} is not a branch name."
    hint: ClassVar[str] = "`git help check-ref-format` has the rules."


@dataclass(eq=False)
class GitFailed(Fatal):
    """The Git program itself failed, before any remote had a say."""

    reason: str
    code: ClassVar[str] = "git_failed"
    message: ClassVar[str] = "Git failed: {reason}"
    hint: ClassVar[str] = "The project is stored; look at the disk and at `git --version`, then export again."


@dataclass(eq=False)
class GitMissing(UserActionRequired):
    """There is no Git program."""

    code: ClassVar[str] = "git_missing"
    message: ClassVar[str] = "Git is not installed, or not on PATH."
    hint: ClassVar[str] = "Install Git 2.39 or newer, then export again: the project is stored."


@dataclass(eq=False)
class PlaceUnusable(UserActionRequired):
    """The system does not let us read or write a file or folder."""

    path: str
    reason: str
    code: ClassVar[str] = "place_unusable"
    message: ClassVar[str] = "{path} cannot be used: {reason}."
    hint: ClassVar[str] = "Name another place, or see to its permissions and the space left on the disk."


@dataclass(eq=False)
class MergePatternInvalid(BadInput):
    """A merge rule's pattern is not one."""

    pattern: str
    code: ClassVar[str] = "merge_pattern_invalid"
    message: ClassVar[str] = "{pattern!r} is not a pattern."
    hint: ClassVar[str] = "Patterns are those of .gitignore, such as `docs/**` or `*.md`."


@dataclass(eq=False)
class MergeRuleInvalid(BadInput):
    """A merge rule that names no pattern, or no action there is."""

    rule: str
    actions: str
    code: ClassVar[str] = "merge_rule_invalid"
    message: ClassVar[str] = "{rule!r} is not a rule."
    hint: ClassVar[str] = "Write PATTERN=ACTION, the pattern as in .gitignore and the action one of: {actions}."


@dataclass(eq=False)
class PlanOutdated(UserActionRequired):
    """An export plan does not hold any more: the tree or the repository is another one than it was made for."""

    remote: str
    branch: str
    reason: str
    code: ClassVar[str] = "plan_outdated"
    message: ClassVar[str] = "The plan for branch {branch} of {remote} does not hold any more: {reason}."
    hint: ClassVar[str] = "Make a new plan, look at it, and apply that one. Nothing was sent."


@dataclass(eq=False)
class PlanUnreadable(BadInput):
    """What was handed in as an export plan is not one."""

    reason: str
    code: ClassVar[str] = "plan_unreadable"
    message: ClassVar[str] = "This is not an export plan: {reason}."
    hint: ClassVar[str] = "Make a new plan; a plan is applied as it was made, without edits."


@dataclass(eq=False)
class MergeConflicts(UserActionRequired):
    """A merge needs a person, and the export may not ask for one by a request; `paths` are the files."""

    repository: str
    paths: tuple[str, ...]
    code: ClassVar[str] = "merge_conflicts"
    message: ClassVar[str] = "The generation and {repository} disagree about {first}. Nothing was sent."
    hint: ClassVar[str] = "Let conflicts go to a request (`--request auto`), or settle the paths by rules."

    def facts(self) -> JsonObject:
        """Add the first few paths, which the message prints."""
        shown, rest = ", ".join(self.paths[:5]), len(self.paths) - 5
        return super().facts() | {"first": f"{shown} and {rest} more" if rest > 0 else shown}


@dataclass(eq=False)
class RepositoryBusy(Retriable):
    """Another export to the same repository is under way."""

    repository: str
    code: ClassVar[str] = "repository_busy"
    message: ClassVar[str] = "Another export to {repository} is under way."
    hint: ClassVar[str] = "Export again when it has ended; one that was killed stands in the way for a minute."


@dataclass(eq=False)
class ExportPlanNotFound(BadInput):
    """No stored export plan has this id."""

    reference: str
    code: ClassVar[str] = "export_plan_not_found"
    message: ClassVar[str] = "There is no export plan {reference!r}."
    hint: ClassVar[str] = "`repomill export list` shows the plans there are."
