"""The `repo_creation` node: publishes the finished tree."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from repomill.nodes.base import ExportTarget, Idempotency, NodeConfig, NodeContext, NodeKind, NodeResult
from repomill.trees.archives import ARCHIVE_FORMATS

GIT = "git"


def _known_target(name: str) -> str:
    if name not in ARCHIVE_FORMATS and name != GIT:
        raise ValueError(f"{name!r} is no target; there are {', '.join((*ARCHIVE_FORMATS, GIT))}")
    return name


class RepoCreationConfig(NodeConfig):
    """Configuration of a `repo_creation` node."""

    to: Annotated[
        str,
        AfterValidator(_known_target),
        WithJsonSchema({"type": "string", "enum": [*ARCHIVE_FORMATS, GIT]}),
        Field(description="An archive format, or a Git remote."),
    ]
    url: Annotated[str, Field(description="Git remote: file, http, https or ssh. Never holds a password.")] = ""
    branch: Annotated[str, Field(min_length=1, description="Branch to push.")] = "main"
    message: Annotated[str, Field(description="Subject of the commit.")] = ""
    credentials: Annotated[str, Field(description="Name of a Git credentials block, where the remote asks.")] = ""

    @model_validator(mode="after")
    def _url_fits(self) -> Self:
        if (self.to == GIT) != bool(self.url):
            raise ValueError("'url' goes with 'to: git', and 'to: git' needs it")
        return self


class RepoCreation(NodeKind[RepoCreationConfig]):
    """Publishes the stored tree: as an archive in the artefact store, or as a commit on a Git remote.

    It runs when every node that may write files has ended. A repeat after a crash finds out what already happened.
    """

    name: ClassVar[str] = "repo_creation"
    version: ClassVar[int] = 1
    idempotency: ClassVar[Idempotency] = Idempotency.EFFECT
    config_model = RepoCreationConfig
    publishes: ClassVar[bool] = True

    def output_schema(self, config: RepoCreationConfig) -> Mapping[str, Any]:
        """Return the schema of an export's record."""
        names = ("export_id", "kind", "url", "tree_digest", "commit")
        return {"type": "object", "properties": {name: {"type": "string"} for name in names}}

    async def run(self, config: RepoCreationConfig, context: NodeContext) -> NodeResult:
        """Publish; raises the publishing errors."""
        target = ExportTarget(config.to, config.url, config.branch, config.message, config.credentials)
        exported = await context.exports.publish(context.path, target)
        return NodeResult(
            {
                "export_id": exported.export_id,
                "kind": exported.kind,
                "url": exported.url,
                "tree_digest": exported.tree_digest,
                "commit": exported.commit,
            }
        )
