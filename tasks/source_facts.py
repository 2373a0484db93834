"""What is public about the sources of a run: kept beside its calls, so that they can be replayed without any block."""

from collections.abc import Mapping

from pydantic import TypeAdapter

from repomill.apis.source import ApiSource
from repomill.bundles.contents import ApiFacts, SourceFacts
from repomill.errors import ArtifactMissing
from repomill.workflow.spec import WorkflowSpec
from storage.artifacts.keys import source_facts_key
from tasks.services import Services
from tasks.sources import Sources

Facts = Mapping[str, SourceFacts]

_FACTS: TypeAdapter[dict[str, SourceFacts]] = TypeAdapter(dict[str, SourceFacts])


def facts_of(sources: Sources) -> dict[str, SourceFacts]:
    """Return the public facts of the sources that were found."""
    return {name: SourceFacts(model=sources.model(name), api=_api(sources, name)) for name in sorted(sources.found)}


async def keep_facts(services: Services, root: object, sources: Sources) -> None:
    """Store the facts beside the calls of a root execution."""
    if facts := facts_of(sources):
        key = source_facts_key(services.scope.organisation_id, str(root))
        await services.store.put(key, _FACTS.dump_json(facts))


async def load_facts(services: Services, root: object) -> dict[str, SourceFacts]:
    """Return the facts of a root execution; none where it knew no source."""
    try:
        stored = await services.store.get(source_facts_key(services.scope.organisation_id, str(root)))
    except ArtifactMissing:
        return {}
    return _FACTS.validate_json(stored)


def with_models(spec: WorkflowSpec, facts: Facts) -> WorkflowSpec:
    """Name the models that blocks named when the run was recorded."""
    sources = {
        name: source.model_copy(update={"model": source.model or facts[name].model}) if name in facts else source
        for name, source in spec.sources.items()
    }
    return spec.model_copy(update={"sources": sources})


def with_stand_ins(sources: Sources, facts: Facts) -> Sources:
    """Put HTTP sources as they were in the place of blocks: addresses are part of what was asked."""
    apis = {
        name: ApiSource(name=name, block=sources.spec.sources[name].block, **found.api.model_dump())
        for name, found in facts.items()
        if found.api is not None and name in sources.spec.sources
    }
    return Sources(sources.spec, {**sources.found, **apis}, sources.publishing)


def _api(sources: Sources, name: str) -> ApiFacts | None:
    api = sources.find(name, ApiSource)
    if api is None:
        return None
    document = sources.spec.sources[name].document or api.document
    return ApiFacts(base_url=api.base_url, document=document, further_hosts=api.further_hosts)
