"""Validation: every fault of a specification in one pass, before anything runs."""

from collections.abc import Iterator
from pathlib import Path

from repomill.errors import UnreadableFile, WorkflowInvalid
from repomill.nodes.registry import kinds as registered_kinds
from repomill.workflow._checks_branches import check_branches
from repomill.workflow._checks_expressions import check_expressions
from repomill.workflow._checks_graph import check_graph
from repomill.workflow._checks_inputs import check_inputs_schema
from repomill.workflow._checks_nodes import check_nodes
from repomill.workflow._checks_paths import check_tree_paths
from repomill.workflow._checks_references import check_references
from repomill.workflow._checks_shape import check_shape
from repomill.workflow._checks_templates import check_templates
from repomill.workflow._draft import Draft, Kinds, draft
from repomill.workflow.faults import Fault, Finding
from repomill.workflow.pointers import ROOT
from repomill.workflow.source_text import LoadedSpec, load_workflow
from repomill.workflow.spec import WorkflowSpec

_CHECKS = (
    check_shape,
    check_nodes,
    check_inputs_schema,
    check_graph,
    check_branches,
    check_references,
    check_tree_paths,
    check_templates,
    check_expressions,
)


def validate(text: str, source_name: str, *, folder: Path | None = None, kinds: Kinds | None = None) -> WorkflowSpec:
    """Return the specification, when nothing is wrong with it.

    Args:
        text: JSON or YAML.
        source_name: what faults call the text, as a rule its file's name.
        folder: the folder template folders are relative to; without it they are not looked at.
        kinds: node kinds by name; those of the registry when absent.

    Raises:
        WorkflowInvalid: all faults, in the order of the text.
    """
    loaded = load_workflow(text, source_name)
    findings = [*loaded.findings, *_findings(loaded, kinds if kinds is not None else registered_kinds(), folder)]
    if findings:
        raise WorkflowInvalid(source_name, _ordered(loaded, findings))
    return WorkflowSpec.model_validate(loaded.data)


def validate_file(path: Path) -> WorkflowSpec:
    """Validate a file, with template folders beside it.

    Raises:
        UnreadableFile: there is no such file, or it is not UTF-8 text.
        WorkflowInvalid: all faults, in the order of the text.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UnreadableFile(str(path), error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise UnreadableFile(str(path), "it is not UTF-8 text") from error
    return validate(text, str(path), folder=path.parent)


def _findings(loaded: LoadedSpec, kinds: Kinds, folder: Path | None) -> Iterator[Finding]:
    if not isinstance(loaded.data, dict):
        yield Finding("wrong_type", ROOT, "a specification is an object", "start with 'apiVersion: repomill/v1'")
        return
    understood: Draft = draft(loaded.data, kinds, folder)
    for check in _CHECKS:
        yield from check(understood)


def _ordered(loaded: LoadedSpec, findings: list[Finding]) -> tuple[Fault, ...]:
    faults = dict.fromkeys(loaded.fault(finding) for finding in findings)
    return tuple(sorted(faults, key=lambda fault: (fault.line, fault.column, fault.pointer, fault.code)))
