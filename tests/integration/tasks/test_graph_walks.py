"""Graphs as they run: branches, skipped nodes, failures that the run goes on after."""

from typing import Any

from repomill.errors import ExpressionFailed
from tasks.services import Services
from tests.fakes.walks import document, walk

ROUTED = document(
    """
    - {id: route, type: router, config: {branches: [{name: big, when: "{{ inputs.n > 2 }}"}], default: small}}
    - {id: a, type: file_generation, config: {files: [{path: a.txt, content: "{{ inputs.n }}"}]}}
    - {id: b, type: file_generation, config: {files: [{path: b.txt, content: b}]}}
    - {id: after_b, type: input}
    - {id: join, type: input, config: {values: {of_a: "{{ nodes.a.status }}", of_b: "{{ nodes.b.status }}"}}}
    """,
    """
    - {from: route, to: a, branch: big}
    - {from: route, to: b, branch: small}
    - {from: b, to: after_b}
    - {from: a, to: join}
    - {from: b, to: join}
    """,
    output="{{ nodes.join.output }}",
)


async def test_what_no_branch_leads_to_is_skipped_with_all_behind_it(services: Services) -> None:
    walked = await walk(services, ROUTED, n=3)
    assert walked.error is None
    statuses = await walked.statuses()
    assert {path for path, status in statuses.items() if status == "skipped"} == {"b", "after_b"}
    assert walked.output["of_a"] == "completed"
    assert walked.output["of_b"] == "skipped"
    assert walked.fragments == ["a"]


async def test_a_resumed_router_chooses_as_it_did(services: Services) -> None:
    first = await walk(services, ROUTED, n=1)
    again = await walk(services, ROUTED, root=first.root, n=1)
    assert again.ran == []
    assert again.fragments == first.fragments == ["b"]
    assert (await again.statuses())["a"] == "skipped"
