"""Forms of the Prefect UI for where an export goes."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from blocks.git_credentials import GitCredentials as GitCredentialsBlock
from repomill.nodes.base import ExportTarget
from repomill.publishing.credentials import GitCredentials
from repomill.trees.archives import ARCHIVE_FORMATS, archive_name

# The UI loses the order of a nested model's fields on PostgreSQL unless each says its position. It cannot switch
# between models that are told apart by a `kind`, so these two are told apart by their fields.


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


def plain_target(form: Archive | GitRemote) -> ExportTarget:
    """Return what publishing takes."""
    if isinstance(form, Archive):
        return ExportTarget(form.format)
    return ExportTarget("git", form.url, form.branch, form.message)


def plain_credentials(block: GitCredentialsBlock | None) -> GitCredentials | None:
    """Return what Git takes."""
    return None if block is None else GitCredentials(block.username, block.password)
