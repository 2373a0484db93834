"""The digest of a workflow: one for each meaning, however it was written down."""

from collections.abc import Mapping
from typing import Final

from repomill.canonical import Json, digest
from repomill.workflow.spec import WorkflowSpec

WORKFLOW_DIGEST_FORMAT: Final = 1
"""Part of every workflow digest; raised when the meaning of the document changes."""


def workflow_document(spec: WorkflowSpec) -> Json:
    """Return the specification as plain data, defaults left out: what is stored, and read back by `WorkflowSpec`."""
    document: Json = spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return document


def workflow_digest(spec: WorkflowSpec, template_digests: Mapping[str, str] | None = None) -> str:
    """Return `sha256:<hex>` over the document and its template folders (digest by folder).

    JSON or YAML, order of keys, spacing, comments, aliases and defaults that are spelled out make no difference.
    """
    return digest(
        {
            "workflow": WORKFLOW_DIGEST_FORMAT,
            "document": workflow_document(spec),
            "templates": dict(template_digests or {}),
        }
    )
