"""The few calls of Prefect's REST API that these tests make, without importing Prefect."""

from typing import Any

import httpx


def post(api_url: str, path: str, **body: Any) -> Any:
    """Send JSON and return the JSON that comes back."""
    with httpx.Client(base_url=api_url, trust_env=False) as client:
        return client.post(path, json=body).raise_for_status().json()


def run_command(api_url: str, command: str) -> str:
    """Have the worker run a command in place of a flow; returns the flow run's id."""
    flow = post(api_url, "/flows/", name="long")
    deployment = post(
        api_url,
        "/deployments/",
        name="long",
        flow_id=flow["id"],
        work_pool_name="repomill",
        entrypoint="flows.none.at_all",
        job_variables={"command": command},
    )
    return str(post(api_url, f"/deployments/{deployment['id']}/create_flow_run")["id"])
