"""Let a run in: find its workflow, check its inputs, and write the execution before anything starts."""

from dataclasses import dataclass
from pathlib import Path

from repomill.calls.ledger import LedgerMode
from repomill.canonical import Json
from repomill.errors import UnreadableFile
from repomill.workflow.inputs import check_inputs, parse_input_options
from repomill.workflow.source_text import load_workflow
from repomill.workflow.spec import WorkflowSpec
from storage.database.models import Execution, WorkflowVersion
from storage.database.repositories.executions import NewExecution
from storage.database.work import Work
from tasks.intake import store_workflow
from tasks.services import Services

SPEC_SUFFIXES = frozenset({".yaml", ".yml", ".json"})


@dataclass(frozen=True, slots=True)
class Admission:
    """What a person asked for: a specification file or a stored workflow, inputs as `key=value` texts and a file."""

    workflow: str
    options: tuple[str, ...] = ()
    inputs_file: Path | None = None
    project: str = ""
    mode: LedgerMode = LedgerMode.LIVE
    recordings: Path | None = None
    use_mocks: bool = False


async def admit(services: Services, wanted: Admission) -> Execution:
    """Write a pending execution.

    Raises:
        UnreadableFile, WorkflowInvalid, WorkflowNotFound, InputsInvalid: nothing was started.
    """
    version = await _version(services, wanted.workflow)
    spec = WorkflowSpec.model_validate(version.definition)
    _check_recordings(wanted)
    given = _read_inputs(wanted.inputs_file) | parse_input_options(spec, wanted.options)
    inputs = check_inputs(spec, given)

    def write(work: Work) -> Execution:
        project = work.projects.get_or_create(wanted.project or spec.name)
        new = NewExecution(
            workflow_version_id=version.id,
            project_id=project.id,
            inputs=inputs,
            mode=wanted.mode,
            recordings=str(wanted.recordings.absolute()) if wanted.recordings else None,
            use_mocks=wanted.use_mocks,
        )
        return work.executions.create(new)

    return await services.database.run(services.scope, write)


async def _version(services: Services, workflow: str) -> WorkflowVersion:
    path = Path(workflow)
    if path.suffix in SPEC_SUFFIXES or path.is_file():  # noqa: ASYNC240  # one look, before anything runs
        return await store_workflow(services, path)
    return await services.database.run(services.scope, lambda work: work.workflows.resolve(workflow))


def _check_recordings(wanted: Admission) -> None:
    if wanted.mode is LedgerMode.STRICT and wanted.recordings is not None and not wanted.recordings.is_dir():
        raise UnreadableFile(str(wanted.recordings), "there is no such folder of recordings")


def _read_inputs(path: Path | None) -> dict[str, Json]:
    if path is None:
        return {}
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(str(path), getattr(error, "strerror", None) or "it is not UTF-8 text") from error
    data = load_workflow(text, str(path)).data
    if not isinstance(data, dict):
        raise UnreadableFile(str(path), "it does not hold an object")
    return data
