"""An execution with all that its replay needs, written into one file."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from repomill.bundles.archive import APIS, CALLS, template_path, write_bundle
from repomill.bundles.contents import Contents, Template
from repomill.calls.ledger import CallKey, CallKind, CallRequest, CallState
from repomill.calls.recordings import recording
from repomill.canonical import Json
from repomill.errors import BundleHoldsSecret
from repomill.scratch import scratch_folder
from repomill.trees.on_disk import files_in
from repomill.trees.pack import read_pack
from repomill.trees.policy.known_secrets import KnownSecrets
from storage.artifacts.keys import bundle_key
from storage.database.models import Call, Execution, WorkflowVersion
from storage.database.work import Work
from tasks.api_registry import load_api
from tasks.exchanges import exchange_of
from tasks.replayed import BUNDLE, load_bundle
from tasks.services import Services
from tasks.source_facts import load_facts

_ANSWERED = (CallState.ANSWERED, CallState.SETTLED)


@dataclass(frozen=True, slots=True)
class _Recorded:
    """What the database knows of the execution."""

    execution: Execution
    version: WorkflowVersion
    workflow: str
    description: str
    project: str
    tree_digest: str | None
    calls: Sequence[Call]


async def export_bundle(services: Services, reference: str, path: Path, secrets: Sequence[SecretStr] = ()) -> Contents:
    """Write the bundle of an execution, whole or not at all; one that replays a bundle gives that very bundle.

    Raises:
        ExecutionNotFound, AmbiguousReference: the reference means no execution.
        CallsRemoved: its recorded calls are gone.
        BundleHoldsSecret: one of the installation's secrets, or of those given, would go into it.
    """
    found = await services.database.run(services.scope, lambda work: _find(work, reference), read_only=True)
    with scratch_folder() as scratch:
        (folder := scratch / "files").mkdir()
        if (found.execution.recordings or "").startswith(BUNDLE):
            contents = await load_bundle(services, found.execution.recordings or "", folder)
        else:
            contents = await _fill(services, found, folder)
        await asyncio.to_thread(_refuse_secrets, contents, folder, (*services.secrets, *secrets))
        draft = path.with_name(f".{path.name}.part")
        try:
            whole = await asyncio.to_thread(write_bundle, contents, folder, draft)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    return whole


async def store_bundle(services: Services, path: Path, digest: str) -> str:
    """Put a bundle into the artefact store and return what `Execution.recordings` says of it."""
    key = bundle_key(services.scope.organisation_id, digest)
    if not await services.store.exists(key):
        await services.store.put_file(key, path)
    return f"{BUNDLE}{key}"


def _find(work: Work, reference: str) -> _Recorded:
    execution = work.executions.resolve(reference)
    version = work.workflows.version(execution.workflow_version_id)
    workflow = work.workflows.workflow_of(version)
    generated = work.generated_projects.of_execution(execution.id)
    return _Recorded(
        execution=execution,
        version=version,
        workflow=workflow.name,
        description=workflow.description,
        project=work.projects.get(execution.project_id).name,
        tree_digest=generated.tree_digest if generated is not None else None,
        calls=[call for call in work.calls.list(execution.root_id) if call.state in _ANSWERED],
    )


async def _fill(services: Services, found: _Recorded, folder: Path) -> Contents:
    facts = await load_facts(services, found.execution.root_id)
    documents = sorted({each.api.document for each in facts.values() if each.api and each.api.document})
    for number, call in enumerate(found.calls, 1):
        _write(folder / CALLS / f"{number:06}.json", await _recording(services, call))
    for name in documents:
        description = await load_api(services, name, found.execution.completed_at)
        _write(folder / APIS / f"{name}.json", description.model_dump(mode="json"))
    templates = tuple([await _template(services, folder, *each) for each in found.version.templates.items()])
    return Contents(
        execution=str(found.execution.id),
        recorded_at=found.execution.created_at,
        workflow=found.workflow,
        description=found.description,
        workflow_digest=found.version.digest,
        api_version=found.version.api_version,
        definition=found.version.definition,
        source_text=found.version.source_text,
        project=found.project,
        inputs=found.execution.inputs,
        use_mocks=found.execution.use_mocks,
        status=found.execution.status.value,
        tree_digest=found.tree_digest,
        templates=templates,
        sources=facts,
        apis=tuple(documents),
    )


async def _recording(services: Services, call: Call) -> Json:
    exchange = await exchange_of(services, call)
    key = CallKey(call.node_path, call.ordinal, call.request_digest)
    return recording(
        CallRequest(key, CallKind(call.kind), call.source, call.model, exchange.request), exchange.response
    )


async def _template(services: Services, folder: Path, name: str, stored: dict[str, Any]) -> Template:
    place = folder / template_path(stored["digest"])
    place.parent.mkdir(exist_ok=True)
    await services.store.download(stored["key"], place)
    recorded = {fact: value for fact, value in stored.items() if fact not in {"digest", "key"}}
    return Template(name=name, digest=stored["digest"], recorded=recorded)


def _refuse_secrets(contents: Contents, folder: Path, secrets: Sequence[SecretStr]) -> None:
    known = KnownSecrets(secrets)
    stated = contents.model_dump_json().encode()
    if known.check("", stated):
        raise BundleHoldsSecret("the specification or the inputs")
    for file in files_in(folder):
        inner = file.path.endswith(".zip")
        found = _in_pack(known, file.place) if inner else known.check(file.path, file.content)
        if found:
            raise BundleHoldsSecret(_called(file.path, file.place))


def _in_pack(known: KnownSecrets, pack: Path) -> bool:
    with pack.open("rb") as source:
        return any(known.check_path(file.path) or known.check(file.path, file.content) for file in read_pack(source))


def _called(path: str, place: Path) -> str:
    if path.startswith(f"{CALLS}/"):
        call = json.loads(place.read_bytes())
        return f"call {call['ordinal']} of node {call['node']}"
    return path


def _write(place: Path, value: Json) -> None:
    place.parent.mkdir(exist_ok=True)
    place.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
