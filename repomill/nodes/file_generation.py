"""The `file_generation` node: adds files from inline templates, a template folder or a Copier template."""

from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from repomill.errors import BranchNameInvalid, RemoteUrlInvalid
from repomill.nodes.base import Idempotency, NodeConfig, NodeContext, NodeKind, NodeResult, Raw
from repomill.publishing.git_urls import check_branch, check_remote_url
from repomill.trees.packed import moved
from repomill.trees.paths import join_path
from repomill.trees.rendering import render_folder
from repomill.trees.scaffolds import Allowance, CopierSource, Rendered, render_copier, stored_scaffold
from repomill.trees.tree import File, TreeFile


class InlineFile(NodeConfig):
    """One file whose content stands in the specification."""

    path: Annotated[str, Field(min_length=1, description="Path in the tree.")]
    content: Annotated[str, Field(description="Template of the content.")]
    executable: Annotated[bool, Field(description="Whether the file may be run.")] = False


class CopierTemplate(NodeConfig):
    """A Copier template and the answers to its questions; questions without an answer take their defaults."""

    template: Annotated[str, Raw(), Field(min_length=1, description="Folder beside the specification, or Git URL.")]
    ref: Annotated[str, Raw(), Field(description="Tag or full commit id; a Git URL needs one.")] = ""
    answers: Annotated[dict[str, Any], Field(default_factory=dict, description="Answers by question.")]
    allow: Annotated[tuple[Allowance, ...], Field(description="What of the template may run code on the worker.")] = ()

    @property
    def source(self) -> CopierSource:
        """Where the template comes from."""
        return CopierSource(self.template, self.ref)

    @model_validator(mode="after")
    def _pinned(self) -> Self:
        if self.source.url and not self.ref:
            raise ValueError("a Git URL needs a 'ref': a tag or a full commit id")
        if self.ref and not self.source.url:
            raise ValueError("'ref' goes with a Git URL; a folder is taken as it is")
        try:
            if self.source.url:
                check_remote_url(self.source.url)
                check_branch(self.ref)
        except (RemoteUrlInvalid, BranchNameInvalid) as error:
            raise ValueError(str(error)) from error
        return self


class FileGenerationConfig(NodeConfig):
    """Configuration of a `file_generation` node: `files`, and a `template` folder or a `copier` template."""

    files: Annotated[tuple[InlineFile, ...], Field(description="Files written in the specification.")] = ()
    template: Annotated[str, Field(description="Template folder, relative to the specification.")] = ""
    copier: Annotated[CopierTemplate | None, Field(description="Copier template, rendered by Copier itself.")] = None
    into: Annotated[str, Field(description="Folder of the tree the files go into.")] = "."
    values: Annotated[dict[str, Any], Field(default_factory=dict, description="Further names for the template folder.")]

    @model_validator(mode="after")
    def _something_to_write(self) -> Self:
        if self.template and self.copier:
            raise ValueError("'template' and 'copier' exclude each other; give each a node of its own")
        if not self.files and not self.template and not self.copier:
            raise ValueError("give 'files', a 'template' folder or a 'copier' template")
        return self


class FileGeneration(NodeKind[FileGenerationConfig]):
    """Adds files to the tree: templates written inline, a folder of Jinja2 templates, or a Copier template.

    In a template folder, files that end in `.j2` are rendered and lose the suffix, others are copied; file names are
    rendered too, and a name that renders to nothing leaves its file out. Templates see `inputs`, `variables`,
    `nodes` and the names under `values`.

    A Copier template sees its `answers` only. It is rendered by Copier in a process of its own; its tasks are left out
    and named in the output's `skipped`, its extensions are refused, unless `allow` names them.
    """

    name: ClassVar[str] = "file_generation"
    version: ClassVar[int] = 1
    idempotency: ClassVar[Idempotency] = Idempotency.PURE
    config_model = FileGenerationConfig

    def output_schema(self, config: FileGenerationConfig) -> Mapping[str, Any]:
        """Return the schema of the list of paths, and for a Copier template of what was left out of it."""
        names = ("files", "skipped") if config.copier else ("files",)
        return {
            "type": "object",
            "properties": {name: {"type": "array", "items": {"type": "string"}} for name in names},
        }

    def template_folders(self, config: FileGenerationConfig) -> tuple[str, ...]:
        """Return the one template folder, where there is one."""
        return (config.template,) if config.template else ()

    def copier_templates(self, config: FileGenerationConfig) -> tuple[CopierSource, ...]:
        """Return the one Copier template, where there is one."""
        return (config.copier.source,) if config.copier else ()

    def writes_files(self, config: FileGenerationConfig) -> bool:
        """Always."""
        return True

    def static_paths(self, config: FileGenerationConfig) -> tuple[str, ...]:
        """Return the inline paths that hold no expression."""
        paths = (join_path(config.into, file.path) for file in config.files)
        return tuple(path for path in paths if "{{" not in path and "{%" not in path)

    async def run(self, config: FileGenerationConfig, context: NodeContext) -> NodeResult:
        """Render; a Copier template now, which raises what `render_copier` does, a folder as its files are taken.

        Taking them raises what `render_folder` does, with the template's file and line.
        """
        inline = (_inline(file, config.into) for file in config.files)
        if config.template:
            templates = await context.templates.files(config.template)
            rendered = render_folder(templates, {**config.values, **context.scope}, config.template)
            return NodeResult({}, _together(inline, rendered, config.into), lists_files=True)
        if config.copier:
            copied = await _copied(config.copier, config.into, context)
            files = [*inline, *_placed(copied.files, config.into)]
            return NodeResult({"skipped": list(copied.skipped)}, files, lists_files=True)
        return NodeResult({}, tuple(inline), lists_files=True)


async def _copied(copier: CopierTemplate, into: str, context: NodeContext) -> Rendered:
    template = stored_scaffold(await context.templates.files(copier.source.name))
    name = into.strip("./").rpartition("/")[2] or "project"  # many templates take it for a default
    return await render_copier(template, copier.answers, copier.allow, name)


def _together(inline: Iterable[File], rendered: Generator[File], folder: str) -> Generator[File]:
    with closing(rendered):
        yield from inline
        yield from _placed(rendered, folder)


def _placed(files: Iterable[File], folder: str) -> Iterator[File]:
    return (moved(file, join_path(folder, file.path)) for file in files)


def _inline(file: InlineFile, folder: str) -> TreeFile:
    return TreeFile(join_path(folder, file.path), file.content.encode(), "100755" if file.executable else "100644")
