"""A few calls of Prefect's REST API, without importing Prefect; a server that is busy is asked again."""

from tests.e2e.prefect_server import PrefectServer


def run_command(api_url: str, command: str) -> str:
    """Have the worker run a command in place of a flow; returns the flow run's id."""
    server = PrefectServer(api_url)
    flow = server.post("/flows/", name="long")
    deployment = server.post(
        "/deployments/",
        name="long",
        flow_id=flow["id"],
        work_pool_name="repomill",
        entrypoint="flows.none.at_all",
        job_variables={"command": command},
    )
    return str(server.post(f"/deployments/{deployment['id']}/create_flow_run")["id"])
