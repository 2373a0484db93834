"""After which failures a node is tried again, and how long it waits."""

import pytest

from repomill.errors import (
    ArtifactStoreUnavailable,
    CallUnavailable,
    Cancelled,
    NodeTimeout,
    OwnershipLost,
    RepomillError,
)
from repomill.workflow.spec import RetrySpec
from tasks.retries import may_retry, waits

BUSY, LATE = ArtifactStoreUnavailable("store", "busy"), NodeTimeout("a", 1.0)
CALLED, BROKEN = CallUnavailable("main", "busy"), RuntimeError("broken")


@pytest.mark.parametrize(
    ("on", "tried"),
    [
        (["retriable"], [BUSY]),
        (["timeout"], [LATE]),
        (["retriable", "timeout"], [BUSY, LATE]),
        (["any"], [BUSY, LATE, CALLED, BROKEN]),
    ],
)
def test_a_node_is_tried_again_after_the_families_it_names(on: list[str], tried: list[Exception]) -> None:
    retry = RetrySpec.model_validate({"on": on})
    assert [error for error in (BUSY, LATE, CALLED, BROKEN) if may_retry(error, retry)] == tried


@pytest.mark.parametrize("error", [Cancelled(), OwnershipLost("x"), None, KeyboardInterrupt()])
def test_what_ends_the_run_is_never_tried_again(error: object) -> None:
    assert not may_retry(error, RetrySpec.model_validate({"on": ["any"]}))


def test_no_family_covers_what_a_person_has_to_mend() -> None:
    assert not may_retry(RepomillError(), RetrySpec.model_validate({"on": ["retriable", "timeout"]}))


def test_waits_double_up_to_the_longest() -> None:
    retry = RetrySpec.model_validate({"attempts": 6, "backoff": 2, "max_delay": 10})
    assert waits(retry) == [2, 4, 8, 10, 10]
    assert waits(RetrySpec.model_validate({"attempts": 1})) == []
