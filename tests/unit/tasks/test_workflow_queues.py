"""Which queue the calls of a source go through."""

from repomill.calls.queues import QueueLimits
from repomill.workflow.spec import WorkflowSpec
from tasks.queues import queues_of

SPEC = WorkflowSpec.model_validate(
    {
        "apiVersion": "repomill/v1",
        "name": "tea",
        "sources": {
            "writer": {"kind": "openai", "block": "work", "queue": "slow"},
            "critic": {"kind": "openai", "block": "work"},
            "painter": {"kind": "images", "block": "work"},
        },
        "queues": {"slow": {"concurrency": 2, "requests_per_minute": 600, "tokens_per_minute": 90_000}},
        "nodes": [{"id": "start", "type": "input"}],
    }
)


def test_a_source_has_the_queue_it_names_else_one_of_its_block() -> None:
    assert queues_of(SPEC) == {
        "writer": QueueLimits("queue slow", 2, 600, 90_000),
        "critic": QueueLimits("source openai/work"),
        "painter": QueueLimits("source images/work"),
    }
