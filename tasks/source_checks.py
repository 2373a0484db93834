"""Connection tests: whether what a block names answers, and takes its key. None of them costs anything."""

from typing import Any

from blocks.sources import SOURCE_BLOCKS, load_source
from repomill.agents.source import EndpointSource
from repomill.apis.client import HttpApi
from repomill.apis.model_lists import asked, listed_models
from repomill.apis.source import ApiSource
from repomill.calls.sending import AnswerLost, TryAgain
from repomill.databases.source import DatabaseSource
from repomill.databases.statement import Statement
from repomill.errors import CallUnavailable, SourceKindUnknown, SourceMissing
from repomill.sources import SourceKind
from repomill.tools._mcp_client import McpClient
from repomill.tools.mcp_source import McpSource
from repomill.workflow._nearest import did_you_mean
from tasks.api_registry import load_api
from tasks.databases import SqlDatabases
from tasks.http_apis import acting_user
from tasks.services import Services

PROBE = Statement("SELECT 1 AS one", {}, writes=False, max_rows=1, truncate=True, decimals_as_text=False, timeout=30)


async def check_block(services: Services, reference: str) -> str:
    """Ask what a block names something harmless; return what was found.

    Args:
        services: where documents of APIs are found.
        reference: type and name of the block, as `repomill-openai/openai`; the kind of source stands for the type.

    Raises:
        SourceKindUnknown: no source has a block of this type.
        SourceMissing: there is no such block.
        ApiUnauthorized, ApiForbidden, ApiNotFound, CallUnavailable, McpServerUnfit, RepomillError: what is wrong.
    """
    kind, block = _parsed(reference)
    source = await named_source(kind, block)
    return await check_source(services, source, f"{SOURCE_BLOCKS[kind].get_block_type_slug()}/{block}")


async def named_source(kind: SourceKind, block: str) -> Any:
    """Return what a block names, without a workflow; raises `SourceMissing`."""
    try:
        return await load_source(kind, block, block, "")
    except ValueError as error:  # Prefect's word for a block document that does not exist
        raise SourceMissing(block, f"{SOURCE_BLOCKS[kind].get_block_type_slug()}/{block}") from error


async def check_source(services: Services, source: Any, reference: str) -> str:
    """Ask a source something harmless; raises as `check_block` for what is wrong with it."""
    try:
        return await _check(services, source, reference)
    except (TryAgain, AnswerLost) as error:
        raise CallUnavailable(source.name, str(error)) from error


def _parsed(reference: str) -> tuple[SourceKind, str]:
    stated, _, block = reference.partition("/")
    known = {**{kind.value: kind for kind in SOURCE_BLOCKS}, **_slugs()}
    if stated not in known or not block:
        raise SourceKindUnknown(
            reference, did_you_mean(stated, known) or f"write KIND/NAME, as {SourceKind.OPENAI}/main"
        )
    return known[stated], block


def _slugs() -> dict[str, SourceKind]:
    return {str(block.get_block_type_slug()): kind for kind, block in SOURCE_BLOCKS.items()}


async def _check(services: Services, source: Any, reference: str) -> str:
    match source:
        case EndpointSource():
            return await _models(source, reference)
        case ApiSource():
            return await _api(services, source)
        case McpSource():
            return await _mcp(source)
        case DatabaseSource():
            return await _database(source)
        case _:
            raise NotImplementedError(f"no connection test for {type(source).__name__}")


async def _models(source: EndpointSource, reference: str) -> str:
    names = await listed_models(source, reference)
    if names is None:
        return f"{source.url} answers; it has no list of models, so whether it takes the key is not known"
    if source.model and source.model not in names:
        return f"{source.url} takes the key; its list of {len(names)} models does not have {source.model!r}"
    return f"{source.url} takes the key and lists {len(names)} models"


async def _api(services: Services, source: ApiSource) -> str:
    description = await load_api(services, source.document) if source.document else None
    user = await acting_user(services)
    base_url = HttpApi(source, description, user, "check").base_url
    await asked(source.model_copy(update={"base_url": base_url}), base_url, user)
    known = f"; {len(description.operations)} operations are known" if description else ""
    return f"{base_url} answers and refuses no credentials{known}"


async def _mcp(source: McpSource) -> str:
    client = McpClient(source)
    try:
        names = [str(each["name"]) for each in await client.functions() if isinstance(each, dict)]
    finally:
        await client.aclose()
    return f"{len(names)} functions: {', '.join(names)}"


async def _database(source: DatabaseSource) -> str:
    async with SqlDatabases() as databases:
        await databases.run(source, PROBE)
    return "it answers and lets read"
