"""Replays: executions that take every answer from what was recorded."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from repomill.bundles.archive import read_bundle, template_path
from repomill.bundles.contents import Contents, Template
from repomill.calls.ledger import LedgerMode
from repomill.canonical import digest_file
from repomill.errors import BundleUnreadable
from repomill.scratch import scratch_folder
from repomill.trees.pack import index_pack
from repomill.workflow.digests import workflow_digest
from repomill.workflow.inputs import check_inputs
from repomill.workflow.spec import WorkflowSpec
from storage.artifacts.keys import template_key
from storage.database.models import Execution
from storage.database.repositories.executions import NewExecution
from storage.database.repositories.workflows import Specification
from storage.database.transitions import ExecutionStatus
from storage.database.work import Work
from tasks.bundle_export import export_bundle, store_bundle
from tasks.replayed import BUNDLE
from tasks.services import Services


async def import_bundle(services: Services, path: Path) -> tuple[Execution, Contents]:
    """Store what a bundle holds, and a pending execution in mode strict that takes its answers from it.

    Raises:
        BundleUnreadable: the file is no bundle, or was changed; nothing was stored.
        InputsInvalid: its inputs do not fit its specification.
    """
    with scratch_folder() as folder:
        contents = await asyncio.to_thread(read_bundle, path, folder)
        spec = _spec(contents, path)
        templates = {each.name: await _store_template(services, each, folder, path) for each in contents.templates}
    digests: dict[str, str] = {name: stored["digest"] for name, stored in templates.items()}
    specification = Specification(
        name=spec.name,
        description=spec.description,
        digest=workflow_digest(spec, digests),
        api_version=spec.api_version,
        definition=spec.model_dump(mode="json", by_alias=True),
        source_text=contents.source_text,
        templates=templates,
    )
    inputs = check_inputs(spec, contents.inputs)
    recordings = await store_bundle(services, path, await asyncio.to_thread(digest_file, path))

    def write(work: Work) -> Execution:
        version = work.workflows.add(specification)
        project = work.projects.get_or_create(contents.project)
        new = NewExecution(version.id, project.id, inputs, LedgerMode.STRICT, recordings, use_mocks=contents.use_mocks)
        return work.executions.create(new)

    return await services.database.run(services.scope, write), contents


async def replay_execution(
    services: Services, reference: str, secrets: Sequence[SecretStr] = ()
) -> tuple[Execution, str | None]:
    """Return a pending execution that replays another one, and the digest of the tree that one made.

    An imported bundle that nobody has replayed yet is that execution itself.

    Raises:
        ExecutionNotFound, AmbiguousReference: the reference means no execution.
        CallsRemoved, BundleHoldsSecret: see `export_bundle`.
    """
    found = await services.database.run(services.scope, lambda work: work.executions.resolve(reference))
    with scratch_folder() as scratch:
        bundle = scratch / "bundle.zip"
        contents = await export_bundle(services, str(found.id), bundle, secrets)
        if found.status is ExecutionStatus.PENDING and (found.recordings or "").startswith(BUNDLE):
            return found, contents.tree_digest
        recordings = await store_bundle(services, bundle, await asyncio.to_thread(digest_file, bundle))
    new = NewExecution(
        found.workflow_version_id,
        found.project_id,
        found.inputs,
        LedgerMode.STRICT,
        recordings,
        use_mocks=found.use_mocks,
    )
    return await services.database.run(services.scope, lambda work: work.executions.create(new)), contents.tree_digest


def _spec(contents: Contents, path: Path) -> WorkflowSpec:
    try:
        return WorkflowSpec.model_validate(contents.definition)
    except ValidationError as error:
        reason = f"its specification is none of this version: {error.errors()[0]['msg']}"
        raise BundleUnreadable(str(path), reason) from error


async def _store_template(services: Services, template: Template, folder: Path, path: Path) -> dict[str, Any]:
    place = folder / template_path(template.digest)
    if not place.is_file():  # one look
        raise BundleUnreadable(str(path), f"template {template.name} is missing")

    def found() -> str:
        with place.open("rb") as pack:
            return index_pack(pack).manifest.digest

    if (digest := await asyncio.to_thread(found)) != template.digest:
        raise BundleUnreadable(str(path), f"template {template.name} has the digest {digest}")
    key = template_key(services.scope.organisation_id, template.digest)
    if not await services.store.exists(key):
        await services.store.put_file(key, place)
    return {"digest": template.digest, "key": key, **template.recorded}
