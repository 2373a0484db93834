"""Workflows in the documentation are workflows."""

import re
from pathlib import Path

import pytest

from repomill.workflow.bound import Bound, bound
from repomill.workflow.validation import validate

PAGE = Path(__file__).parents[3] / "docs" / "workflows.md"
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
WHOLE = [text for text in BLOCKS if text.startswith("apiVersion")]


@pytest.mark.parametrize("text", WHOLE, ids=range(len(WHOLE)))
def test_a_workflow_on_the_page_is_valid(text: str) -> None:
    validate(text, "workflows.md")


def test_the_example_of_loops_has_a_bound() -> None:
    spec = validate(next(text for text in WHOLE if "type: loop" in text), "workflows.md")
    assert bound(spec) == Bound(nodes=4 + 30 * (1 + 3 * 2 + 1), model_calls=9 + 30 * 3 * 18)
