"""How an export to a host is to go, besides where; what a person leaves out has a careful default."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum

from repomill.canonical import Json
from repomill.publishing.hosts.port import Visibility
from repomill.publishing.merging.policy import MergeRule
from repomill.publishing.planning.plan import ExportMode


class RequestUse(StrEnum):
    """When a change goes through a pull or merge request instead of straight onto the branch."""

    AUTO = "auto"  # when a person has to look: conflicts
    ALWAYS = "always"  # whenever the branch has commits already
    NEVER = "never"  # not even then: conflicts end the export


class OnFailure(StrEnum):
    """What becomes of a repository that was made for an export which then failed for good."""

    KEEP = "keep"
    DELETE_IF_CREATED = "delete_if_created"


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What may be asked for.

    `mode` None: merge where the repository has our history, replace elsewhere. `host` is the address of the host; "" is
    the vendor's own service, or what the credentials name. `protect`: the branch, if it has no protection yet.
    """

    host: str = ""
    mode: ExportMode | None = None
    request: RequestUse = RequestUse.AUTO
    visibility: Visibility = Visibility.PRIVATE
    description: str = ""
    topics: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    draft: bool = False
    protect: bool = False
    on_failure: OnFailure = OnFailure.KEEP
    rules: tuple[MergeRule, ...] = field(default=())

    def to_json(self) -> dict[str, Json]:
        """Return what differs from the defaults."""
        default = asdict(DEFAULT_OPTIONS)
        told = {name: value for name, value in asdict(self).items() if value != default[name]}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in told.items()}


DEFAULT_OPTIONS = ExportOptions()
