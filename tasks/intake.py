"""How a specification gets in: validated, its template folders stored, then a version of its workflow."""

from pathlib import Path
from typing import Any

from repomill.errors import UnreadableFile
from repomill.nodes.registry import kind
from repomill.trees.scaffolds import CopierSource
from repomill.workflow.digests import workflow_digest
from repomill.workflow.plan import plan
from repomill.workflow.spec import NodeSpec, WorkflowSpec
from repomill.workflow.validation import validate
from storage.database.models import WorkflowVersion
from storage.database.repositories.workflows import Specification
from tasks.services import Services
from tasks.stored_scaffolds import store_folder, store_scaffold


def read_specification(path: Path) -> tuple[str, WorkflowSpec]:
    """Read and validate a specification file.

    Raises:
        UnreadableFile: it is not there, or is not text.
        WorkflowInvalid: with every fault.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UnreadableFile(str(path), str(reason)) from error
    return text, validate(text, str(path), folder=path.parent)


async def store_workflow(services: Services, path: Path) -> WorkflowVersion:
    """Store a specification with its template folders; the same content is the same version."""
    text, spec = read_specification(path)
    templates = await _store_templates(services, path.parent, spec)
    digests = {folder: stored["digest"] for folder, stored in templates.items()}
    specification = Specification(
        name=spec.name,
        description=spec.description,
        digest=workflow_digest(spec, digests),
        api_version=spec.api_version,
        definition=spec.model_dump(mode="json", by_alias=True),
        source_text=text,
        templates=templates,
    )
    return await services.database.run(services.scope, lambda work: work.workflows.add(specification))


async def _store_templates(services: Services, home: Path, spec: WorkflowSpec) -> dict[str, dict[str, Any]]:
    folders = {folder: await store_folder(services, home / folder, folder) for folder in template_folders(spec)}
    sources = {source for _, node in plan(spec).all_nodes() for source in _copier_templates_of(node)}
    return folders | {source.name: await store_scaffold(services, home, source) for source in sources}


def template_folders(spec: WorkflowSpec) -> list[str]:
    """Return the template folders of all nodes, those inside loops too, relative to the specification."""
    folders = {folder for _, node in plan(spec).all_nodes() for folder in _folders_of(node)}
    return sorted(folders)


def _folders_of(node: NodeSpec) -> tuple[str, ...]:
    declaration = kind(node.type)
    return declaration.template_folders(declaration.config_model.model_validate(node.config))


def _copier_templates_of(node: NodeSpec) -> tuple[CopierSource, ...]:
    declaration = kind(node.type)
    return declaration.copier_templates(declaration.config_model.model_validate(node.config))
