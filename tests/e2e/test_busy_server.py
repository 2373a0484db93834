"""Many clients at once: the embedded Prefect server makes them wait, and refuses none."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.e2e.prefect_server import PrefectServer

CLIENTS, RUNS_EACH = 4, 10
RUN = "run of the test of a busy server"


def create_runs(api_url: str, flow: str) -> Counter[int]:
    """Create flow runs that start at once, each with an artifact, asking once; return how often which status came."""
    statuses: Counter[int] = Counter()
    with httpx.Client(base_url=api_url, trust_env=False, timeout=120) as client:
        for _ in range(RUNS_EACH):
            wanted = {"flow_id": flow, "name": RUN, "state": {"type": "RUNNING"}}
            created = client.post("/flow_runs/", json=wanted)
            statuses[created.status_code] += 1
            artifact = {"key": "busy", "type": "markdown", "data": "x", "flow_run_id": created.json().get("id")}
            statuses[client.post("/artifacts/", json=artifact).status_code] += 1
    return statuses


def test_clients_that_write_at_once_are_all_served(stack: PrefectServer) -> None:
    flow = stack.post("/flows/", name="busy")["id"]
    try:
        with ThreadPoolExecutor(CLIENTS) as clients:
            counted = clients.map(lambda _: create_runs(stack.api_url, flow), range(CLIENTS))
            statuses = sum(counted, Counter())
    finally:
        stack.send("DELETE", f"/flows/{flow}")
    assert statuses == {201: 2 * CLIENTS * RUNS_EACH}
