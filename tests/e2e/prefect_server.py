"""What tests ask the Prefect API, as anybody may."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import httpx

from tests.servers.waiting import PATIENCE, wait_until

ENDS = frozenset({"COMPLETED", "FAILED", "CANCELLED", "CRASHED"})


@dataclass(frozen=True)
class PrefectServer:
    """The Prefect API at a URL."""

    api_url: str

    def send(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Return the answer, whatever its status; a server that is busy, as one on SQLite can be, is asked again."""
        answers: list[httpx.Response] = []

        def is_answered() -> bool:
            answers.append(client.request(method, path, json=body))
            return answers[-1].status_code != httpx.codes.SERVICE_UNAVAILABLE

        with httpx.Client(base_url=self.api_url, trust_env=False, timeout=PATIENCE) as client:
            wait_until(is_answered)
        return answers[-1]

    def get(self, path: str) -> Any:
        return self.send("GET", path).raise_for_status().json()

    def post(self, path: str, **body: Any) -> Any:
        return self.send("POST", path, body).raise_for_status().json()

    def deployment(self, name: str) -> Any:
        """Return a deployment by `flow/name`."""
        return self.get(f"/deployments/name/{name}")

    def state(self, flow_run_id: str) -> str:
        """Return the type of a flow run's state, as `RUNNING`."""
        return str(self.get(f"/flow_runs/{flow_run_id}")["state"]["type"])

    def wait_for(self, flow_run_id: str, states: Iterable[str] = ENDS, seconds: float = PATIENCE) -> str:
        """Return the state once it is one of these.

        Raises:
            TimeoutError: it was not; the states and logs of the flow run are its note.
        """
        wanted = frozenset(states)
        try:
            wait_until(lambda: self.state(flow_run_id) in wanted, seconds)
        except TimeoutError as error:
            error.add_note(self.story(flow_run_id))
            raise
        return self.state(flow_run_id)

    def story(self, flow_run_id: str) -> str:
        """Return what Prefect knows of how a flow run went, a line each; its parameters come first."""
        parameters = self.get(f"/flow_runs/{flow_run_id}")["parameters"]
        states = self.get(f"/flow_run_states/?flow_run_id={flow_run_id}")
        logs = self.post("/logs/filter", logs={"flow_run_id": {"any_": [flow_run_id]}}, limit=200)
        told = [(state["timestamp"], f"{state['name']}: {state['message']}") for state in states]
        told += [(log["timestamp"], log["message"]) for log in logs]
        return "\n".join([f"parameters: {parameters}", *(f"{at} {text}" for at, text in sorted(told))])

    def graph(self, flow_run_id: str, *labels: str) -> dict[str, Any]:
        """Return the nodes of a flow run's graph by label, once these are there: task runs are recorded behind a run.

        Raises:
            TimeoutError: they were not.
        """
        found: dict[str, Any] = {}

        def is_whole() -> bool:
            nodes = self.get(f"/flow_runs/{flow_run_id}/graph-v2")["nodes"]
            found.update({node["label"]: node for _, node in nodes})
            return found.keys() >= set(labels)

        wait_until(is_whole)
        return found

    def task_runs(self, flow_run_id: str) -> list[dict[str, Any]]:
        """Return all task runs of a flow run."""
        found: list[dict[str, Any]] = []
        while page := self._task_runs(flow_run_id, len(found)):
            found += page
        return found

    def _task_runs(self, flow_run_id: str, offset: int) -> list[dict[str, Any]]:
        only = {"flow_run_id": {"any_": [flow_run_id]}}
        answer: list[dict[str, Any]] = self.post("/task_runs/filter", task_runs=only, limit=200, offset=offset)
        return answer
