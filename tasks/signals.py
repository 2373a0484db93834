"""Signals: each committed change of status becomes a Prefect event, which automations may react to."""

from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

from prefect.events import emit_event
from prefect.events.schemas.events import Event
from prefect.exceptions import PrefectException
from prefect.logging import get_logger

from storage.database.changes import FACTS, Listener, StatusChange

Emit = Callable[..., Event | None]

PREFIX: Final = "repomill"


def signals_of(flow_run: UUID | None, emit: Emit = emit_event) -> Listener:
    """Return what tells Prefect of changes that a flow run makes.

    Events go out in the background. Prefect may be away: the rows are the truth, and the run does not fail for it.
    """

    def tell(changes: Sequence[StatusChange]) -> None:
        for change in changes:
            if change.entity in FACTS:
                _emit(emit, event_of(change, flow_run))

    return tell


def event_of(change: StatusChange, flow_run: UUID | None) -> dict[str, Any]:
    """Return an event's name, resource, related resources and payload; `docs/signals.md` describes them."""
    kind = change.entity.replace(" ", "-")
    related = [{"prefect.resource.id": f"{PREFIX}.organisation.{change.organisation_id}", _ROLE: "organisation"}]
    if flow_run is not None:
        related.append({"prefect.resource.id": f"prefect.flow-run.{flow_run}", _ROLE: "flow-run"})
    if project := change.facts.get("project_id"):
        related.append({"prefect.resource.id": f"{PREFIX}.project.{project}", _ROLE: "project"})
    return {
        "event": f"{PREFIX}.{kind}.{change.after}",
        "resource": {
            "prefect.resource.id": f"{PREFIX}.{kind}.{change.id}",
            "prefect.resource.name": f"{change.entity} {str(change.id)[:8]}",
            f"{PREFIX}.status": change.after,
        },
        "occurred": change.at,
        "related": related,
        "payload": {
            "id": str(change.id),
            "before": change.before,
            "after": change.after,
            "user_id": str(change.user_id),
            **change.facts,
        },
    }


_ROLE: Final = "prefect.resource.role"


def _emit(emit: Emit, event: dict[str, Any]) -> None:
    try:
        emit(**event)
    except (PrefectException, OSError, RuntimeError, ValueError) as error:
        get_logger(__name__).warning("%s was not told: %s", event["event"], error)
