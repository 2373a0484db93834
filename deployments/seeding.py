"""Write blocks, the work pool and the fixed deployments into the Prefect server in use."""

import os
from typing import TYPE_CHECKING, Any

from prefect.blocks.core import Block
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, WorkPoolCreate
from prefect.client.schemas.schedules import construct_schedule
from prefect.exceptions import ObjectAlreadyExists
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema
from pydantic import SecretStr
from ruamel.yaml import YAML

from blocks.artifacts import ArtifactStorage
from blocks.database import DatabaseConnection
from blocks.git_credentials import GitCredentials
from blocks.host_logins import login_blocks
from blocks.image_provider import ImageProvider
from blocks.model_source import OpenAISource
from blocks.names import ARTIFACTS, DATABASE, MODELS
from blocks.sources import SOURCE_BLOCKS
from deployments.automations import ensure_automations
from deployments.environment import RECOVER, WORK_POOL
from deployments.examples import ROOT
from repomill.errors import BlocksDiffer
from repomill.publishing.hosts.registry import host_kinds

if TYPE_CHECKING:
    from deployments.stack import Stack
    from repomill.settings import Settings


async def seed(settings: "Settings", stack: "Stack", *, overwrite: bool) -> None:
    """Write everything; what is there already is brought up to date, or left alone without `overwrite`.

    Raises:
        BlocksDiffer: it is there, must not be overwritten, and points elsewhere than the settings.
    """
    if not overwrite and await _is_seeded(settings):
        return
    await _seed_blocks(settings, stack.links_url)
    async with get_client() as client:
        await ensure_work_pool(client)
        for declared in fixed_deployments():
            await _deploy(client, declared, stack)
        await ensure_automations(client)


async def _is_seeded(settings: "Settings") -> bool:
    try:
        connection: DatabaseConnection = await DatabaseConnection.aload(DATABASE)
        artifacts: ArtifactStorage = await ArtifactStorage.aload(ARTIFACTS)
    except ValueError:  # Prefect's word for a block document that does not exist
        return False
    if connection.url.get_secret_value() != settings.effective_database_url():
        raise BlocksDiffer("REPOMILL_DATABASE_URL", f"repomill-database/{DATABASE}")
    if artifacts.url != settings.effective_artifacts_url():
        raise BlocksDiffer("REPOMILL_ARTIFACTS_URL", f"repomill-artifacts/{ARTIFACTS}")
    return True


async def ensure_work_pool(client: PrefectClient) -> None:
    """Make the process work pool, unless it is there."""
    try:
        await client.create_work_pool(WorkPoolCreate(name=WORK_POOL, type="process"))
    except ObjectAlreadyExists:
        return


def fixed_deployments() -> list[dict[str, Any]]:
    """Return the deployments of `prefect.yaml`, the one place where they are declared."""
    document = YAML(typ="safe").load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = document["deployments"]
    return found


async def _seed_blocks(settings: "Settings", links_url: str) -> None:
    await DatabaseConnection(url=SecretStr(settings.effective_database_url())).save(DATABASE, overwrite=True)
    await ArtifactStorage(
        url=settings.effective_artifacts_url(),
        access_key=settings.minio_access_key,
        secret_key=settings.minio_secret_key,
        links_url=links_url,
        max_file_size=settings.max_file_size,
        input_roots=[str(folder) for folder in settings.allowed_input_roots()],
    ).save(ARTIFACTS, overwrite=True)
    await GitCredentials.register_type_and_schema()
    for login in (block for kind in host_kinds() for block in login_blocks(kind)):
        await login.register_type_and_schema()
    for kind in SOURCE_BLOCKS.values():
        await kind.register_type_and_schema()
    if key := os.environ.get("OPENAI_API_KEY"):
        stated = {"api_key": SecretStr(key), "base_url": os.environ.get("OPENAI_BASE_URL", "")}
        await _state(OpenAISource, **stated, model=os.environ.get("OPENAI_MODEL", ""))
        await _state(ImageProvider, **stated)


async def _state(kind: type[Block], **stated: Any) -> None:
    """Write some fields of the default block of a provider; prices and limits that people set in it stay."""
    try:
        block: Block = await kind.aload(MODELS)
        block = block.model_copy(update=stated)
    except ValueError:  # Prefect's word for a block document that does not exist
        block = kind(**stated)
    await block.save(MODELS, overwrite=True)


async def _deploy(client: PrefectClient, declared: dict[str, Any], stack: "Stack") -> None:
    flow: Flow[..., Any] = load_flow_from_entrypoint(declared["entrypoint"])
    looked_after = stack.is_embedded and f"{flow.name}/{declared['name']}" == RECOVER  # by deployments.loss_watch
    await client.create_deployment(
        flow_id=await client.create_flow_from_name(flow.name),
        name=declared["name"],
        entrypoint=declared["entrypoint"],
        description=declared["description"],
        work_pool_name=declared["work_pool"]["name"],
        tags=declared["tags"],
        pull_steps=declared["pull"],
        schedules=[_schedule(schedule, active=not looked_after) for schedule in declared.get("schedules", [])],
        parameter_openapi_schema=_form(flow),
        enforce_parameter_schema=True,
    )


def _schedule(declared: dict[str, Any], *, active: bool) -> DeploymentScheduleCreate:
    """Read a schedule as `prefect deploy` does; the slug tells it from others when it is written again."""
    timing = {name: declared.get(name) for name in ("interval", "cron", "rrule", "timezone")}
    return DeploymentScheduleCreate(
        schedule=construct_schedule(**timing), active=active and declared.get("active", True), slug=declared["slug"]
    )


def _form(flow: Flow[..., Any]) -> dict[str, Any]:
    """Return the schema of a flow's form; Prefect titles a field with the parameter's bare name."""
    schema = parameter_schema(flow).model_dump_for_openapi()
    for name, field in schema["properties"].items():
        field["title"] = name.replace("_", " ").capitalize()
    return schema
