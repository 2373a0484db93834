"""A run with fifty requests on their way is cancelled in the Prefect UI: all stop, nothing is left."""

from pathlib import Path
from time import monotonic

import psutil

from tests.e2e.agents import BOUND, asked, holding, next_execution
from tests.e2e.conftest import Models
from tests.e2e.installation import Installation
from tests.e2e.prefect_server import PrefectServer
from tests.e2e.records import Records
from tests.servers.waiting import wait_until

STOPPED_WITHIN = 10.0
"""Seconds: what a cancel promises, whatever is under way. It takes 1 to 3, also beside other work."""

MANY = """\
apiVersion: repomill/v1
name: many
sources: {writer: {kind: openai, block: openai, model: small}}
nodes:
  - id: each
    type: loop
    config:
      for_each: "{{ range(60) | list }}"
      max_iterations: 60
      parallel: 50
      body: {nodes: [{id: ask, type: llm, config: {source: writer, prompt: "[ask] {{ item }}", max_tokens: 100}}]}
  - {id: after, type: input}
edges: [{from: each, to: after}]
"""


def test_fifty_requests_stop_at_a_cancel_of_the_flow_run(
    repomill: Installation, stack: PrefectServer, models: Models, tmp_path: Path
) -> None:
    records = Records(repomill.home)
    before = records.newest_execution()
    (workflow := tmp_path / "workflow.yaml").write_text(MANY)
    with holding(models, ["ask"]), repomill.start("run", workflow, "--deployment") as run:
        execution = next_execution(records, before)
        wait_until(lambda: asked(models)["ask"] == 50, BOUND)
        attempt = repomill.json("execution", "show", execution)["attempts"][-1]
        owner = psutil.Process(int(attempt["owner"].split(":")[1]))
        family = [owner, *owner.children(recursive=True)]
        stack.post(f"/flow_runs/{attempt['flow_run']}/set_state", state={"type": "CANCELLING"})
        asked_at = monotonic()
        wait_until(lambda: not any(process.is_running() for process in family))
        assert monotonic() - asked_at <= STOPPED_WITHIN
        assert stack.wait_for(attempt["flow_run"]) == "CANCELLED"
        assert run.wait() != 0
    stopped = repomill.json("execution", "show", execution)
    assert stopped["status"] == "cancelled"
    assert {node["status"] for node in stopped["nodes"]} == {"cancelled"}
    assert len(stopped["nodes"]) == 52  # the loop, what follows it, and the iterations that had begun
    assert asked(models)["ask"] == 50
