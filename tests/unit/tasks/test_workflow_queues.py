"""Which queue the calls of a source go through."""

import pytest
from pydantic import SecretStr, ValidationError

from blocks.image_provider import ImageProvider
from blocks.model_source import OpenAISource
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
    assert queues_of(SPEC, {}) == {
        "writer": QueueLimits("queue slow", 2, 600, 90_000),
        "critic": QueueLimits("source openai/work"),
        "painter": QueueLimits("source images/work"),
    }


def test_a_block_bounds_the_sources_that_name_no_queue() -> None:
    block = OpenAISource(
        api_key=SecretStr("k"),
        concurrency=4,
        requests_per_minute=500,
        tokens_per_minute=30_000,
        base_url="http://a.test",
    )
    images = ImageProvider(api_key=SecretStr("k"), concurrency=1, requests_per_minute=7)
    found = {"writer": block.source("writer"), "critic": block.source("critic"), "painter": images.source("painter")}
    assert queues_of(SPEC, found) == {
        "writer": QueueLimits("queue slow", 2, 600, 90_000),
        "critic": QueueLimits("source openai/work", 4, 500, 30_000),
        "painter": QueueLimits("source images/work", 1, 7),
    }


@pytest.mark.parametrize("limit", ["concurrency", "requests_per_minute", "tokens_per_minute"])
def test_a_limit_of_nothing_is_refused(limit: str) -> None:
    with pytest.raises(ValidationError, match="greater than 0"):
        OpenAISource(api_key=SecretStr("k"), **{limit: 0})
