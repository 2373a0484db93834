"""The model sources of a workflow, loaded from their Prefect blocks."""

from collections.abc import Mapping

from blocks.model_source import OpenAISource
from repomill.agents.source import ModelSource
from repomill.workflow.spec import WorkflowSpec


async def load_sources(spec: WorkflowSpec) -> Mapping[str, ModelSource]:
    """Return the sources whose blocks exist; one that is missing matters only when a call must be made."""
    found: dict[str, ModelSource] = {}
    for name, source in spec.sources.items():
        try:
            block: OpenAISource = await OpenAISource.aload(source.block)
        except ValueError:  # Prefect's word for a block document that does not exist
            continue
        found[name] = block.source(name, source.model or "")
    return found
