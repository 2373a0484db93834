"""Forms of the Prefect UI for where an export goes."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from blocks.git_credentials import GitCredentials as GitCredentialsBlock
from repomill.publishing.credentials import GitCredentials
from repomill.publishing.exports import ExportTarget
from repomill.publishing.hosts.port import Visibility
from repomill.publishing.hosts.registry import host_kinds
from repomill.publishing.merging.policy import MergeRule
from repomill.publishing.options import ExportOptions, RequestUse
from repomill.publishing.planning.plan import ExportMode
from repomill.trees.archives import ARCHIVE_FORMATS, archive_name

# The UI loses the order of a nested model's fields on PostgreSQL unless each says its position. It cannot switch
# between models that are told apart by a `kind`, so these are told apart by their fields.


class Archive(BaseModel):
    """An archive in the artefact store."""

    model_config = ConfigDict(extra="forbid")

    format: Annotated[
        str,
        AfterValidator(archive_name),
        Field(title="Format", json_schema_extra={"position": 0, "enum": list(ARCHIVE_FORMATS)}),
    ] = "zip"


class GitRemote(BaseModel):
    """A branch of a Git remote."""

    model_config = ConfigDict(extra="forbid", title="Git remote")

    url: Annotated[
        str,
        Field(
            title="URL", description="file, http, https or ssh; without a password", json_schema_extra={"position": 0}
        ),
    ]
    branch: Annotated[str, Field(title="Branch", json_schema_extra={"position": 1})] = "main"
    message: Annotated[str, Field(title="Commit message", json_schema_extra={"position": 2})] = ""


def _host_kind(name: str) -> str:
    if name not in host_kinds():
        raise ValueError(f"there are {', '.join(host_kinds())}")
    return name


class HostRepository(BaseModel):
    """A repository on a host, made where there is none."""

    model_config = ConfigDict(extra="forbid", title="Host")

    host_kind: Annotated[
        str,
        AfterValidator(_host_kind),
        Field(title="Host", json_schema_extra={"position": 0, "enum": list(host_kinds())}),
    ]
    owner: Annotated[str, Field(title="Owner or group", min_length=1, json_schema_extra={"position": 1})]
    name: Annotated[str, Field(title="Name", min_length=1, json_schema_extra={"position": 2})]
    credentials: Annotated[
        str,
        Field(
            title="Credentials block",
            description="Name of a block that is made under Blocks.",
            json_schema_extra={"position": 3},
        ),
    ] = ""
    address: Annotated[
        str, Field(title="Address", description="Where it is not the vendor's own.", json_schema_extra={"position": 4})
    ] = ""
    mode: Annotated[
        Literal["default", "merge", "replace"],
        Field(title="What people changed", json_schema_extra={"position": 5}),
    ] = "default"
    request: Annotated[RequestUse, Field(title="Pull or merge request", json_schema_extra={"position": 6})] = (
        RequestUse.AUTO
    )
    visibility: Annotated[Visibility, Field(title="Visibility", json_schema_extra={"position": 7})] = Visibility.PRIVATE
    rules: Annotated[
        tuple[MergeRule, ...],
        Field(title="Rules", description="Who decides about which paths.", json_schema_extra={"position": 8}),
    ] = ()
    branch: Annotated[str, Field(title="Branch", json_schema_extra={"position": 9})] = "main"
    message: Annotated[str, Field(title="Commit message", json_schema_extra={"position": 10})] = ""

    def target(self) -> ExportTarget:
        """Return what publishing takes; raises `RepositoryNameInvalid`."""
        kind = host_kinds()[self.host_kind]
        path = kind.names.check(f"{self.owner}/{self.name}", kind.form)
        mode = None if self.mode == "default" else ExportMode(self.mode)
        options = ExportOptions(
            host=self.address, mode=mode, request=self.request, visibility=self.visibility, rules=self.rules
        )
        return ExportTarget(self.host_kind, path, self.branch, self.message, self.credentials, options)


def plain_target(
    form: Archive | GitRemote | HostRepository, credentials: GitCredentialsBlock | None = None
) -> ExportTarget:
    """Return what publishing takes; a Git remote with the name of the block that was picked, as a host has its own."""
    if isinstance(form, Archive):
        return ExportTarget(form.format)
    if isinstance(form, HostRepository):
        return form.target()
    return ExportTarget("git", form.url, form.branch, form.message, block_name(credentials))


def block_name(block: GitCredentialsBlock | None) -> str:
    """Return the name under which a block can be loaded again; "" for none, and for one that was typed in."""
    if block is None or block._is_anonymous:
        return ""
    return block._block_document_name or ""


def plain_credentials(block: GitCredentialsBlock | None) -> GitCredentials | None:
    """Return what Git takes."""
    return None if block is None else GitCredentials(block.username, block.password)
