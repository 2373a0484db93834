"""Regular expressions of workflows, bounded in time: nobody's pattern may hang a run."""

from typing import Any, Final

from repomill.errors import ConditionFailed
from repomill.workflow.templates import is_template

_SECONDS: Final = 1.0
_LONGEST: Final = 1000


def check_pattern(pattern: str | None) -> str | None:
    """Return the pattern; raises ValueError for one that cannot be compiled, templates are checked once rendered."""
    if pattern is None or is_template(pattern):
        return pattern
    if len(pattern) > _LONGEST:
        raise ValueError(f"the pattern has more than {_LONGEST} characters")
    regex = _library()
    try:
        regex.compile(pattern)
    except (regex.error, RecursionError, OverflowError) as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return pattern


def is_found(pattern: str, text: str, place: str) -> bool:
    """Tell whether the pattern is found in the text.

    Raises:
        ConditionFailed: it takes more than a second, as patterns that can match one text in many ways do.
    """
    try:
        # `concurrent` lets other threads, and so other nodes, run meanwhile.
        return _library().search(pattern, text, timeout=_SECONDS, concurrent=True) is not None
    except TimeoutError:
        raise ConditionFailed(place, f"the pattern {pattern[:60]!r} took more than {_SECONDS:g} s") from None


def _library() -> Any:
    import regex  # type: ignore[import-untyped]  # the package has no types of its own

    return regex
