"""The steps of retention, in the order in which they are taken: which rows are due, and what is done to each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from repomill.retention import RetentionRules
from storage.database.repositories.retention import Candidate, Gone, Page, Retention
from storage.database.work import Work

Due = Callable[[Retention, Page], Sequence[Candidate]]
Act = Callable[[Work, Sequence[Candidate]], Gone]

ARCHIVE = "archive tree"


@dataclass(frozen=True, slots=True)
class Step:
    """One kind of removal; `days` is its age in the rules, `act` is None where the store has work to do first."""

    name: str
    days: Callable[[RetentionRules], int | None]
    due: Due
    act: Act | None


def _ids(found: Sequence[Candidate]) -> list[UUID]:
    return [each.id for each in found]


# Trees go before the exports that kept them: what one run lets go is what stood there when it began.
STEPS = (
    Step(ARCHIVE, lambda rules: rules.active_days, Retention.trees_to_archive, None),
    Step(
        "delete files",
        lambda rules: rules.archived_days,
        Retention.trees_to_delete,
        lambda work, found: work.retention.delete_trees(_ids(found)),
    ),
    Step(
        "archive export",
        lambda rules: rules.exports_days,
        Retention.exports_to_archive,
        lambda work, found: work.retention.archive_exports(_ids(found)),
    ),
    Step(
        "close failed export",
        lambda rules: rules.failed_exports_days,
        Retention.exports_to_close,
        lambda work, found: work.retention.archive_exports(_ids(found)),
    ),
    Step(
        "delete node results",
        lambda rules: rules.results_days,
        Retention.results_to_delete,
        lambda work, found: work.retention.delete_results(_ids(found)),
    ),
    Step(
        "delete call payloads",
        lambda rules: rules.calls_days,
        Retention.calls_to_delete,
        lambda work, found: work.retention.delete_calls(_ids(found)),
    ),
    Step(
        "delete events",
        lambda rules: rules.events_days,
        Retention.events_to_delete,
        lambda work, found: work.retention.delete_events(_ids(found)),
    ),
    Step(
        "forget conversation",
        lambda rules: rules.memories_days,
        Retention.memories_to_forget,
        lambda work, found: work.retention.forget_memories(found),
    ),
)
