"""What a merge may do with which path."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from repomill.errors import MergePatternInvalid, MergeRuleInvalid
from repomill.publishing.listings import Blob, Listing, differing


class MergeAction(StrEnum):
    """Who decides about a path."""

    MERGE = "merge"  # both: a three-way merge
    OURS = "ours"  # the generation, whatever the repository holds
    THEIRS = "theirs"  # the repository, as soon as it has or had the path
    NEVER = "never"  # the repository: the generation neither adds, changes nor removes it


@dataclass(frozen=True, slots=True)
class MergeRule:
    """A pattern as in `.gitignore`, and what holds for the paths it matches."""

    pattern: Annotated[str, Field(description="Paths, as in `.gitignore`.")]
    action: Annotated[MergeAction, Field(description="Who decides about them.")]


def parse_rule(text: str) -> MergeRule:
    """Read `PATTERN=ACTION`.

    Raises:
        MergeRuleInvalid: one of the two is missing, or there is no such action.
        MergePatternInvalid: the pattern is not one.
    """
    pattern, _, action = text.rpartition("=")
    actions = tuple(known.value for known in MergeAction)
    if not pattern or action not in actions:
        raise MergeRuleInvalid(text, ", ".join(actions))
    return MergePolicy([MergeRule(pattern, MergeAction(action))]).rules[0]


class MergePolicy:
    """Decides by the last rule that matches a path; without one the path is merged."""

    def __init__(self, rules: Sequence[MergeRule] = ()) -> None:
        """Compile the rules.

        Raises:
            MergePatternInvalid: a pattern is not one.
        """
        self.rules = tuple(rules)
        self._matchers = [(_matcher(rule.pattern), rule.action) for rule in reversed(self.rules)]

    def decide(self, path: str) -> MergeAction:
        """Return what holds for a path."""
        return next((action for matches, action in self._matchers if matches(path)), MergeAction.MERGE)

    def settle(self, base: Listing, ours: Listing, theirs: Listing) -> tuple[Listing, Listing]:
        """Return base and ours such that an ordinary merge of them with theirs does what the rules say.

        A side wins where the other one did not change a path since the base; so that is what the base is made to say.
        """
        settled = _Settled(dict(base), dict(ours))
        if self.rules:
            for path in _unlike(base, ours, theirs):
                settled.take(path, self.decide(path), theirs)
        return settled.base, settled.ours

    def replace(self, ours: Listing, theirs: Listing) -> Listing:
        """Return ours, without what the rules leave to the repository."""
        result = dict(ours)
        for path in differing(ours, theirs) if self.rules else ():
            action = self.decide(path)
            if action is MergeAction.NEVER or (action is MergeAction.THEIRS and path in theirs):
                _copy(result, path, theirs)
        return result


@dataclass(frozen=True, slots=True)
class _Settled:
    base: dict[str, Blob]
    ours: dict[str, Blob]

    def take(self, path: str, action: MergeAction, theirs: Listing) -> None:
        if action is MergeAction.OURS:
            _copy(self.base, path, theirs)
        elif action is MergeAction.NEVER:
            _copy(self.base, path, theirs)
            _copy(self.ours, path, theirs)
        elif action is MergeAction.THEIRS and (path in self.base or path in theirs):
            _copy(self.ours, path, self.base)


def _copy(target: dict[str, Blob], path: str, source: Listing) -> None:
    if path in source:
        target[path] = source[path]
    else:
        target.pop(path, None)


def _unlike(base: Listing, ours: Listing, theirs: Listing) -> Iterable[str]:
    return {*differing(base, ours), *differing(base, theirs)}


def _matcher(pattern: str) -> Callable[[str], bool]:
    from pathspec import GitIgnoreSpec

    try:
        return GitIgnoreSpec.from_lines([pattern], backend="simple").match_file
    except ValueError as error:
        raise MergePatternInvalid(pattern) from error
