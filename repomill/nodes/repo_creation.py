"""The `repo_creation` node: publishes the finished tree."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from repomill.errors import BadInput
from repomill.nodes.base import Idempotency, NodeConfig, NodeContext, NodeKind, NodeResult
from repomill.publishing.exports import ExportTarget
from repomill.publishing.hosts.port import Visibility
from repomill.publishing.hosts.registry import host_kinds
from repomill.publishing.merging.policy import MergeRule
from repomill.publishing.options import ExportOptions, OnFailure, RequestUse
from repomill.publishing.planning.plan import ExportMode
from repomill.trees.archives import ARCHIVE_FORMATS

GIT = "git"
TARGETS = (*ARCHIVE_FORMATS, GIT, *host_kinds())


def _known_target(name: str) -> str:
    if name not in TARGETS:
        raise ValueError(f"{name!r} is no target; there are {', '.join(TARGETS)}")
    return name


class RepoCreationConfig(NodeConfig):
    """Configuration of a `repo_creation` node."""

    to: Annotated[
        str,
        AfterValidator(_known_target),
        WithJsonSchema({"type": "string", "enum": [*TARGETS]}),
        Field(description="An archive format, a Git remote, or a kind of host."),
    ]
    url: Annotated[str, Field(description="Git remote: file, http, https or ssh. Never holds a password.")] = ""
    repository: Annotated[str, Field(description="OWNER/NAME on a host; on GitLab there may be groups between.")] = ""
    host: Annotated[str, Field(description="Address of the host, where it is not the vendor's own.")] = ""
    branch: Annotated[str, Field(min_length=1, description="Branch to push.")] = "main"
    message: Annotated[str, Field(description="Subject of the commit.")] = ""
    credentials: Annotated[str, Field(description="Name of the credentials block, where the remote asks.")] = ""
    mode: Annotated[ExportMode | None, Field(description="What becomes of what people changed; merged on hosts.")] = (
        None
    )
    request: Annotated[RequestUse, Field(description="When a pull or merge request is opened.")] = RequestUse.AUTO
    visibility: Annotated[Visibility, Field(description="Who can read a repository that is made.")] = Visibility.PRIVATE
    description: Annotated[str, Field(description="Description of a repository that is made.")] = ""
    topics: Annotated[tuple[str, ...], Field(description="Topics of a repository that is made.")] = ()
    labels: Annotated[tuple[str, ...], Field(description="Labels of the request.")] = ()
    reviewers: Annotated[tuple[str, ...], Field(description="User names of the request's reviewers.")] = ()
    draft: Annotated[bool, Field(description="Open the request as a draft.")] = False
    protect: Annotated[bool, Field(description="Protect the branch, if it has no protection yet.")] = False
    on_failure: Annotated[
        OnFailure, Field(description="What becomes of a repository that this node made when it fails.")
    ] = OnFailure.KEEP
    rules: Annotated[tuple[MergeRule, ...], Field(description="Who decides about which paths; the last wins.")] = ()

    @model_validator(mode="after")
    def _place_fits(self) -> Self:
        if (self.to == GIT) != bool(self.url):
            raise ValueError("'url' goes with 'to: git', and 'to: git' needs it")
        if (self.to in host_kinds()) != bool(self.repository):
            raise ValueError("'repository' goes with a host, and a host needs it")
        if self.repository and not self.credentials:
            raise ValueError("'credentials' names the block that lets into the host, and a host needs it")
        if self.repository and "{{" not in self.repository:
            kind = host_kinds()[self.to]
            try:
                kind.names.check(self.repository, kind.form)
            except BadInput as error:
                raise ValueError(str(error)) from error
        return self

    def options(self) -> ExportOptions:
        """Return what goes beside the place."""
        return ExportOptions(**{option.name: getattr(self, option.name) for option in fields(ExportOptions)})


class RepoCreation(NodeKind[RepoCreationConfig]):
    """Publishes the stored tree: as an archive in the artefact store, on a Git remote, or on a host of repositories.

    It runs when every node that may write files has ended. A repeat after a crash finds out what already happened.
    """

    name: ClassVar[str] = "repo_creation"
    version: ClassVar[int] = 1
    idempotency: ClassVar[Idempotency] = Idempotency.EFFECT
    config_model = RepoCreationConfig
    publishes: ClassVar[bool] = True

    def output_schema(self, config: RepoCreationConfig) -> Mapping[str, Any]:
        """Return the schema of an export's record."""
        names = ("export_id", "kind", "url", "tree_digest", "commit", "request")
        return {"type": "object", "properties": {name: {"type": "string"} for name in names}}

    async def run(self, config: RepoCreationConfig, context: NodeContext) -> NodeResult:
        """Publish; raises the publishing errors."""
        target = ExportTarget(
            config.to,
            config.url or config.repository,
            config.branch,
            config.message,
            config.credentials,
            config.options(),
        )
        exported = await context.exports.publish(context.path, target)
        return NodeResult(
            {
                "export_id": exported.export_id,
                "kind": exported.kind,
                "url": exported.url,
                "tree_digest": exported.tree_digest,
                "commit": exported.commit,
                "request": exported.request,
            }
        )
