"""The `file_generation` node: adds files from inline templates or a template folder."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from repomill.canonical import Json
from repomill.nodes.base import Idempotency, NodeConfig, NodeContext, NodeKind, NodeResult
from repomill.trees.paths import join_path
from repomill.trees.rendering import render_folder
from repomill.trees.tree import TreeFile


class InlineFile(NodeConfig):
    """One file whose content stands in the specification."""

    path: Annotated[str, Field(min_length=1, description="Path in the tree.")]
    content: Annotated[str, Field(description="Template of the content.")]
    executable: Annotated[bool, Field(description="Whether the file may be run.")] = False


class FileGenerationConfig(NodeConfig):
    """Configuration of a `file_generation` node: `files`, a `template` folder, or both."""

    files: Annotated[tuple[InlineFile, ...], Field(description="Files written in the specification.")] = ()
    template: Annotated[str, Field(description="Template folder, relative to the specification.")] = ""
    into: Annotated[str, Field(description="Folder of the tree the files go into.")] = "."
    values: Annotated[dict[str, Any], Field(default_factory=dict, description="Further names for the template folder.")]

    @model_validator(mode="after")
    def _something_to_write(self) -> Self:
        if not self.files and not self.template:
            raise ValueError("give 'files', a 'template' folder, or both")
        return self


class FileGeneration(NodeKind[FileGenerationConfig]):
    """Adds files to the tree: templates written inline, and a folder of Jinja2 templates.

    In a template folder, files that end in `.j2` are rendered and lose the suffix, others are copied; file names are
    rendered too, and a name that renders to nothing leaves its file out. Templates see `inputs`, `variables`,
    `nodes` and the names under `values`.
    """

    name: ClassVar[str] = "file_generation"
    version: ClassVar[int] = 1
    idempotency: ClassVar[Idempotency] = Idempotency.PURE
    config_model = FileGenerationConfig

    def output_schema(self, config: FileGenerationConfig) -> Mapping[str, Any]:
        """Return the schema of the list of paths."""
        return {"type": "object", "properties": {"files": {"type": "array", "items": {"type": "string"}}}}

    def template_folders(self, config: FileGenerationConfig) -> tuple[str, ...]:
        """Return the one template folder, where there is one."""
        return (config.template,) if config.template else ()

    def writes_files(self, config: FileGenerationConfig) -> bool:
        """Always."""
        return True

    def static_paths(self, config: FileGenerationConfig) -> tuple[str, ...]:
        """Return the inline paths that hold no expression."""
        paths = (join_path(config.into, file.path) for file in config.files)
        return tuple(path for path in paths if "{{" not in path and "{%" not in path)

    async def run(self, config: FileGenerationConfig, context: NodeContext) -> NodeResult:
        """Render; raises `ExpressionFailed` and `RenderingTooLarge` with the template's file and line."""
        files = tuple(_inline(file, config.into) for file in config.files)
        if config.template:
            rendered = await _rendered(config, context)
            files += tuple(TreeFile(join_path(config.into, file.path), file.content, file.mode) for file in rendered)
        return NodeResult({"files": [file.path for file in files]}, files)


async def _rendered(config: FileGenerationConfig, context: NodeContext) -> tuple[TreeFile, ...]:
    templates = await context.templates.files(config.template)
    scope: dict[str, Json] = {**config.values, **context.scope}
    return await asyncio.to_thread(render_folder, templates, scope, config.template)


def _inline(file: InlineFile, folder: str) -> TreeFile:
    return TreeFile(join_path(folder, file.path), file.content.encode(), "100755" if file.executable else "100644")
