"""A run is killed inside an iteration of a parallel loop; resumed, it asks only for what had not completed."""

from pathlib import Path

from tests.e2e.agents import BOUND, asked, holding, next_execution
from tests.e2e.conftest import Models
from tests.e2e.installation import Installation
from tests.e2e.prefect_server import PrefectServer
from tests.e2e.records import Records
from tests.servers.waiting import wait_until

WORKFLOW = Path(__file__).parent / "workflows" / "items.yaml"
ITEMS = "abcdefghij"


def test_a_kill_in_the_seventh_iteration_costs_that_iteration(
    repomill: Installation, stack: PrefectServer, models: Models
) -> None:
    records = Records(repomill.home)
    before = records.newest_execution()
    with holding(models, ["g"]), repomill.start("run", WORKFLOW) as run:
        execution = next_execution(records, before)
        others = {f"node.completed each[{number}].page" for number, item in enumerate(ITEMS) if item != "g"}
        wait_until(lambda: others <= records.events(execution) or run.has_ended(), BOUND)
        assert not run.has_ended(), run.output
        run.kill()
    assert asked(models) == dict.fromkeys(ITEMS, 1)

    done = repomill.json("execution", "resume", execution)

    assert asked(models) == dict.fromkeys(ITEMS, 1) | {"g": 2}
    assert (done["status"], done["files"]) == ("completed", len(ITEMS))
    nodes = {node["node"]: node["status"] for node in repomill.json("execution", "show", execution)["nodes"]}
    ran = {f"each[6].{node}" for node in ("ask", "page")} | {"each"}
    assert {node for node, status in nodes.items() if status == "completed"} == ran
    assert stack.graph(done["prefect"].rpartition("/")[2], "each", "each[0].ask", "each[6].page")
