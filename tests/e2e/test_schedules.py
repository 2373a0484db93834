"""What is scheduled is started by the Prefect server, and by nobody's hand."""

from collections.abc import Iterator
from typing import Any

import pytest

from deployments.environment import RECOVER
from tests.e2e.prefect_server import PrefectServer
from tests.servers.waiting import wait_until


def scheduled(stack: PrefectServer, deployment: str) -> list[Any]:
    """Return the flow runs that the server's scheduler made for a deployment."""
    name, by_schedule = {"name": {"any_": [deployment]}}, []
    for run in stack.post("/flow_runs/filter", deployments=name, limit=200):
        by_schedule += [run] if run["auto_scheduled"] else []
    return by_schedule


def turn_schedule(stack: PrefectServer, *, active: bool) -> None:
    """Turn the schedule of recovery on or off, as its switch in the UI does."""
    recover = stack.deployment(RECOVER)
    path = f"/deployments/{recover['id']}/schedules/{recover['schedules'][0]['id']}"
    stack.send("PATCH", path, {"active": active}).raise_for_status()


@pytest.fixture
def scheduled_recovery(stack: PrefectServer) -> Iterator[PrefectServer]:
    """The stack with recovery on schedule, as servers have it that are not embedded."""
    turn_schedule(stack, active=True)
    yield stack
    turn_schedule(stack, active=False)


@pytest.mark.parametrize("deployment", ["retention", "usage"])
def test_the_server_makes_runs_for_a_schedule(stack: PrefectServer, deployment: str) -> None:
    wait_until(lambda: scheduled(stack, deployment))
    assert {run["created_by"]["type"] for run in scheduled(stack, deployment)} == {"SCHEDULE"}


def test_the_embedded_stack_looks_for_losses_itself_and_starts_no_run_for_that(stack: PrefectServer) -> None:
    assert [schedule["active"] for schedule in stack.deployment(RECOVER)["schedules"]] == [False]


def test_a_scheduled_recovery_runs_on_a_worker(scheduled_recovery: PrefectServer) -> None:
    wait_until(lambda: "COMPLETED" in {run["state"]["type"] for run in scheduled(scheduled_recovery, "recover")})
