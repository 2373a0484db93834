"""The picture of a run, from rows that a run left."""

from repomill.workflow.plan import plan
from repomill.workflow.spec import WorkflowSpec
from tasks.run_picture import instances, picture
from tasks.services import Services
from tests.fakes.walks import document, walk

SPEC = document(
    """
    - {id: first, type: input}
    - {id: unwanted, type: input, when: false}
    - id: each
      type: loop
      config:
        for_each: [1, 2, 3]
        max_iterations: 3
        body: {nodes: [{id: a, type: input, config: {values: {item: "{{ item }}"}}}]}
    """
)


async def test_every_node_shows_its_state_and_a_body_its_iterations(services: Services) -> None:
    walked = await walk(services, SPEC)
    found = await services.database.run(
        services.scope, lambda work: instances(work, walked.execution, walked.execution)
    )
    drawn = picture(plan(WorkflowSpec.model_validate(SPEC)), found)
    assert "3 completed" in drawn
    assert "skipped" in drawn


async def test_what_was_taken_from_before_took_no_time(services: Services) -> None:
    first = await walk(services, SPEC)
    again = await walk(services, SPEC, root=first.root)
    found = await services.database.run(services.scope, lambda work: instances(work, again.execution, first.root))
    assert {instance.seconds for instance in found if instance.state == "cached"} == {0.0}
