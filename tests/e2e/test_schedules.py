"""What is scheduled is started by the Prefect server, and by nobody's hand."""

from typing import Any

import pytest

from tests.e2e.prefect_server import PrefectServer
from tests.servers.waiting import wait_until


def scheduled(stack: PrefectServer, deployment: str) -> list[Any]:
    """Return the flow runs that the server's scheduler made for a deployment."""
    name, by_schedule = {"name": {"any_": [deployment]}}, []
    for run in stack.post("/flow_runs/filter", deployments=name, limit=200):
        by_schedule += [run] if run["auto_scheduled"] else []
    return by_schedule


@pytest.mark.parametrize("deployment", ["recover", "retention", "usage"])
def test_the_server_makes_runs_for_a_schedule(stack: PrefectServer, deployment: str) -> None:
    wait_until(lambda: scheduled(stack, deployment))
    assert {run["created_by"]["type"] for run in scheduled(stack, deployment)} == {"SCHEDULE"}


def test_a_scheduled_recovery_runs_on_the_embedded_worker(stack: PrefectServer) -> None:
    wait_until(lambda: "COMPLETED" in {run["state"]["type"] for run in scheduled(stack, "recover")})
