"""What Prefect is told of a change of status, and that it may be away."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from prefect.events.schemas.events import Event

from storage.database.changes import StatusChange
from tasks.signals import event_of, signals_of

PROJECT, FLOW_RUN = UUID(int=5), UUID(int=9)
CHANGE = StatusChange(
    "generated project",
    UUID(int=1),
    "generating",
    "completed",
    datetime(2026, 11, 21, tzinfo=UTC),
    UUID(int=2),
    UUID(int=3),
    {"project_id": str(PROJECT), "total_files": 3},
)


def test_an_event_names_what_changed_and_what_it_belongs_to() -> None:
    event = Event(**event_of(CHANGE, FLOW_RUN))
    assert event.event == "repomill.generated-project.completed"
    assert event.resource.id == f"repomill.generated-project.{UUID(int=1)}"
    assert {each.role: each.id.rpartition(".")[2] for each in event.related} == {
        "organisation": str(UUID(int=2)),
        "flow-run": str(FLOW_RUN),
        "project": str(PROJECT),
    }
    assert event.payload["before"] == "generating"
    assert event.payload["total_files"] == 3


def test_only_what_people_look_at_is_told() -> None:
    told: list[dict[str, Any]] = []
    steps = StatusChange("export step", *(getattr(CHANGE, name) for name in CHANGE.__slots__[1:]))
    signals_of(None, lambda **event: told.append(event))([CHANGE, steps])
    assert [each["event"] for each in told] == ["repomill.generated-project.completed"]


@pytest.mark.parametrize("failure", [ConnectionRefusedError("no server"), RuntimeError("the service is stopped")])
def test_a_prefect_that_is_away_costs_no_run(failure: Exception, caplog: pytest.LogCaptureFixture) -> None:
    def fails(**_: Any) -> None:
        raise failure

    signals_of(None, fails)([CHANGE])
    assert "was not told" in caplog.text
