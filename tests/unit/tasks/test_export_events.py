"""What automations are told of exports."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from repomill.errors import TreeBlocked
from repomill.publishing.exports import Exported, ExportTarget
from tasks.export_reports import blocked_is_told, tell_exported
from tasks.run_state import StoredProject

ID = UUID(int=7)
Told = tuple[str, str, dict[str, Any]]


class Events(list[Told]):
    """Stands for Prefect's own."""

    def __call__(self, event: str, resource: dict[str, str], payload: dict[str, Any]) -> None:
        self.append((event, resource["prefect.resource.id"], payload))


@pytest.fixture
def events() -> Events:
    return Events()


TEA = StoredProject(ID, "tea", "e", "sha256:0", "key", 1, 1, datetime(2026, 1, 1, tzinfo=UTC))


async def test_an_export_tells_where_it_is(events: Events) -> None:
    await tell_exported(TEA, Exported("e", "git", "file:///r.git", "sha256:0", "c0ffee", "main"), events)
    facts = {"project": "tea", "kind": "git", "url": "file:///r.git", "commit": "c0ffee"}
    assert events == [("repomill.export.exported", f"repomill.generated-project.{ID}", facts)]


async def test_conflicts_are_told_with_their_files_and_request(events: Events) -> None:
    done = Exported("e", "github", "https://h/ada/tea", "sha256:0", "c", "repomill/tea", "https://h/ada/tea/1", ("a",))
    await tell_exported(TEA, done, events)
    assert [event for event, _, _ in events] == ["repomill.export.exported", "repomill.export.conflicted"]
    assert (events[1][2]["files"], events[1][2]["request"]) == (["a"], "https://h/ada/tea/1")


async def test_a_tree_that_may_not_leave_is_told_and_still_refused(events: Events) -> None:
    with pytest.raises(TreeBlocked):
        async with blocked_is_told(ExportTarget("gitlab", "a/b"), events):
            raise TreeBlocked(str(ID), ("a.txt:1 holds a secret",))
    facts = {"kind": "gitlab", "findings": ["a.txt:1 holds a secret"]}
    assert events == [("repomill.export.blocked", f"repomill.generated-project.{ID}", facts)]
