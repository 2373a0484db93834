"""Forms of the Prefect UI for where an export goes."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from blocks.git_credentials import GitCredentials as GitCredentialsBlock
from repomill.nodes.base import ExportTarget
from repomill.publishing.credentials import GitCredentials

# The UI loses the order of a nested model's fields on PostgreSQL unless each says its position.


class Archive(BaseModel):
    """An archive in the artefact store."""

    kind: Annotated[Literal["archive"], Field(title="Kind", json_schema_extra={"position": 0})] = "archive"
    format: Annotated[Literal["zip", "tar.gz"], Field(title="Format", json_schema_extra={"position": 1})] = "zip"


class GitRemote(BaseModel):
    """A branch of a Git remote."""

    kind: Annotated[Literal["git"], Field(title="Kind", json_schema_extra={"position": 0})] = "git"
    url: Annotated[
        str,
        Field(
            title="URL", description="file, http, https or ssh; without a password", json_schema_extra={"position": 1}
        ),
    ]
    branch: Annotated[str, Field(title="Branch", json_schema_extra={"position": 2})] = "main"
    message: Annotated[str, Field(title="Commit message", json_schema_extra={"position": 3})] = ""


def plain_target(form: Archive | GitRemote) -> ExportTarget:
    """Return what publishing takes."""
    if isinstance(form, Archive):
        return ExportTarget(form.format)
    return ExportTarget("git", form.url, form.branch, form.message)


def plain_credentials(block: GitCredentialsBlock | None) -> GitCredentials | None:
    """Return what Git takes."""
    return None if block is None else GitCredentials(block.username, block.password)
