"""What one file of a template folder reads of the scope."""

from repomill.errors import ExpressionFailed, RenderingTooLarge
from repomill.trees._folder import is_template
from repomill.trees.references import Path, referenced_names
from repomill.trees.tree import File


def file_reads(file: File, place: str) -> frozenset[Path]:
    """Return the first two parts of the paths that name and content of a file read; raises as `referenced_names`."""
    found = _content_reads(file, place)
    if "{" in file.path:
        found |= referenced_names(file.path, f"the path {place}/{file.path}")
    return frozenset(path[:2] for path in found)


def _content_reads(file: File, place: str) -> frozenset[Path]:
    """A file without the suffix is copied, but another template may include it."""
    content = file.content
    if b"{" not in content:
        return frozenset()
    text, where = content.decode(errors="replace"), f"{place}/{file.path}"
    if is_template(file.path):
        return referenced_names(text, where)
    try:
        return referenced_names(text, where) if "{{" in text or "{%" in text else frozenset()
    except (ExpressionFailed, RenderingTooLarge):  # so nothing can include it
        return frozenset()
