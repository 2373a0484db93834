"""A run's result: what the specification says under `output`, made of all that the nodes returned."""

import json
from uuid import UUID

from repomill.canonical import Json
from repomill.errors import ArtifactMissing
from repomill.workflow.expressions import render_value
from storage.artifacts.keys import Id, result_key
from storage.artifacts.port import ArtifactStore
from tasks.run_state import Run


async def store_output(run: Run) -> None:
    """Render the output and keep it in the artefact store; nothing to do where the specification names none.

    Raises:
        ExpressionFailed: an expression names nothing.
    """
    if run.spec.output is None:
        return
    run.output = render_value(run.spec.output, run.whole_scope(), "output")
    key = _key(run.services.scope.organisation_id, run.facts.root_id, run.facts.id)
    await run.services.store.put(key, json.dumps(run.output, ensure_ascii=False, sort_keys=True).encode())


async def load_output(store: ArtifactStore, organisation_id: Id, root_id: UUID, execution_id: UUID) -> Json:
    """Return an execution's output, None where it has none."""
    try:
        content = await store.get(_key(organisation_id, root_id, execution_id))
    except ArtifactMissing:
        return None
    output: Json = json.loads(content)
    return output


def _key(organisation_id: Id, root_id: UUID, execution_id: UUID) -> str:
    return result_key(organisation_id, root_id, f"output-{execution_id}")
