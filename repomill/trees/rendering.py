"""Rendering of templates and expressions, in the sandbox, with size and time bounded."""

from collections.abc import Sequence

from jinja2 import BaseLoader

from repomill.trees._budget import Limits
from repomill.trees._folder import TEMPLATE_SUFFIX, Folder, is_copied, is_for_include_only, is_heavy
from repomill.trees._sandbox import Sandbox
from repomill.trees._texts import DEFAULT_LIMITS, Scope, evaluate, render_text, render_value
from repomill.trees._worker_pool import results_of_workers
from repomill.trees._worker_protocol import Rendering
from repomill.trees.paths import check_paths
from repomill.trees.references import Reference, referenced_names, references
from repomill.trees.tree import TreeFile

__all__ = [
    "TEMPLATE_SUFFIX", "Limits", "Reference", "evaluate", "referenced_names", "references", "render_folder",
    "render_text", "render_value", "sandbox",
]  # fmt: skip


def sandbox(loader: BaseLoader | None = None) -> Sandbox:
    """Make the environment that every template and expression is compiled in.

    Time and output are bounded by the functions below, which render inside a budget; values are bounded always.
    """
    return Sandbox(loader)


def render_folder(
    files: Sequence[TreeFile], scope: Scope, place: str, limits: Limits = DEFAULT_LIMITS
) -> tuple[TreeFile, ...]:
    """Render a template folder; `limits` hold for each file.

    Files that end in `.j2` are rendered and lose the suffix; others are taken as they are. Names of files and
    folders are rendered too: a part that renders empty leaves the file out, a `/` in it makes folders. Files under
    a top folder that begins with `_` (`_macros/`) are there to be included and are not written. Includes and
    imports are paths from the folder's root and reach nothing else.

    A folder of many or long templates is rendered by processes of its own, with the same result.

    Raises:
        ExpressionFailed, RenderingTooLarge: as `render_text`; the place is `place/path`.
        UnsafeTree: a rendered path is not safe, or two files render to one path.
    """
    written = [file for file in files if not is_for_include_only(file.path)]
    folder = Folder({file.path: file.content for file in files}.get, scope, place, limits)
    changed = [file for file in written if not is_copied(file.path)]
    if is_heavy(changed):
        results = results_of_workers(changed, Rendering(dict(scope), place, limits), folder.read)
    else:
        results = [folder.file(file) for file in changed]
    in_order = iter(results)
    tree = tuple(made for file in written if (made := file if is_copied(file.path) else next(in_order)))
    check_paths(file.path for file in tree)
    return tree
