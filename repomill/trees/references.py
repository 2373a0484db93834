"""Which names a template uses, read from its syntax tree without rendering it."""

from repomill.trees._compiled import checked_names, read_names
from repomill.trees._guard import guarded
from repomill.trees._name_tracking import Path, Reference

__all__ = ["Path", "Reference", "referenced_names", "references"]


def referenced_names(source: str, place: str) -> frozenset[Path]:
    """Return the paths of the variables a template reads; raises as `references`, for what parsing finds."""
    with guarded(place):
        return frozenset(reference.path for reference in read_names(source))


def references(source: str, place: str) -> tuple[Reference, ...]:
    """Return the variables that a template reads, in order of line, without its own loop and `set` variables.

    Raises:
        ExpressionFailed: the template cannot be compiled: a syntax error, or a filter or test that does not exist.
        RenderingTooLarge: its source is too long, or reading it takes too long.
    """
    with guarded(place):
        return checked_names(source)
