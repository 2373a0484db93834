"""Rendering of templates and expressions, in the sandbox, with size and time bounded."""

from collections.abc import Generator, Sequence
from contextlib import closing

from jinja2 import BaseLoader

from repomill.trees._budget import Limits
from repomill.trees._folder import (
    TEMPLATE_SUFFIX,
    Folder,
    contents_of,
    is_copied,
    is_for_include_only,
    is_heavy,
    is_template,
)
from repomill.trees._sandbox import Sandbox
from repomill.trees._texts import DEFAULT_LIMITS, Scope, evaluate, render_text, render_value
from repomill.trees._worker_pool import results_of_workers
from repomill.trees._worker_protocol import Rendering
from repomill.trees.packed import moved
from repomill.trees.paths import check_paths
from repomill.trees.references import Reference, referenced_names, references
from repomill.trees.tree import File, TreeFile

__all__ = [
    "TEMPLATE_SUFFIX", "Limits", "Reference", "evaluate", "referenced_names", "references", "render_folder",
    "render_text", "render_value", "sandbox",
]  # fmt: skip


def sandbox(loader: BaseLoader | None = None) -> Sandbox:
    """Make the environment that every template and expression is compiled in.

    Time and output are bounded by the functions below, which render inside a budget; values are bounded always.
    """
    return Sandbox(loader)


def render_folder(files: Sequence[File], scope: Scope, place: str, limits: Limits = DEFAULT_LIMITS) -> Generator[File]:
    """Render a template folder, file by file; `limits` hold for each.

    Files that end in `.j2` are rendered and lose the suffix; others are taken as they are. Names of files and
    folders are rendered too: a part that renders empty leaves the file out, a `/` in it makes folders. Files under
    a top folder that begins with `_` (`_macros/`) are there to be included and are not written. Includes and
    imports are paths from the folder's root and reach nothing else.

    A folder of many or long templates is rendered by processes of its own, with the same result. They end with the
    generator, so close one that is left early.

    Raises:
        ExpressionFailed, RenderingTooLarge: as `render_text`; the place is `place/path`.
        UnsafeTree: after the last file; a rendered path is not safe, or two files render to one path.
    """
    paths: list[str] = []
    with closing(_made(files, scope, place, limits)) as made:
        for file in made:
            paths.append(file.path)
            yield file
    check_paths(paths)


def _made(files: Sequence[File], scope: Scope, place: str, limits: Limits) -> Generator[File]:
    written = [file for file in files if not is_for_include_only(file.path)]
    changed = [file for file in written if not is_copied(file.path)]
    folder = Folder(contents_of(files), scope, place, limits)
    with closing(_results(changed, folder)) as results:
        for file in written:
            if is_copied(file.path):
                yield file
            elif made := next(results):
                yield made if is_template(file.path) else moved(file, made.path)


def _results(changed: Sequence[File], folder: Folder) -> Generator[TreeFile | None]:
    """Render names, and the contents of templates; other contents are not touched."""
    named = [file if is_template(file.path) else TreeFile(file.path, b"", file.mode) for file in changed]
    if is_heavy(named):
        job = Rendering(dict(folder.scope), folder.place, folder.limits)
        yield from results_of_workers(named, job, folder.read)
    else:
        yield from map(folder.file, named)
