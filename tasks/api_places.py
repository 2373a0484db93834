"""Forms of the Prefect UI for where the document of an API is."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from repomill.errors import ApiDocumentUnreadable
from tasks.api_documents import STORED, file_location

# As with targets of exports: the UI cannot switch between models that are told apart by a `kind`.


class DocumentUrl(BaseModel):
    """A document that is served over HTTP."""

    model_config = ConfigDict(extra="forbid", title="URL")

    url: Annotated[
        str,
        Field(
            title="URL",
            pattern="^https?://",
            description="OpenAPI 3.0 or 3.1, JSON or YAML.",
            json_schema_extra={"position": 0},
        ),
    ]


class StoredDocument(BaseModel):
    """A document in the artefact store."""

    model_config = ConfigDict(extra="forbid", title="Artefact store")

    key: Annotated[str, Field(title="Key", description="org/…/name.json", json_schema_extra={"position": 0})]


class DocumentFile(BaseModel):
    """A file on the worker."""

    model_config = ConfigDict(extra="forbid", title="File")

    path: Annotated[
        str, Field(title="Path", description="On the worker, below an input root.", json_schema_extra={"position": 0})
    ]


Document = DocumentUrl | StoredDocument | DocumentFile


def plain_location(form: Document, roots: Sequence[Path] = ()) -> str:
    """Return what discovery takes; whoever fills the form reads only what workflows may take in as well.

    Raises:
        ApiDocumentUnreadable: a file that lies outside the input roots of the worker.
    """
    if isinstance(form, DocumentUrl):
        return form.url
    if isinstance(form, StoredDocument):
        return STORED + form.key
    real = Path(form.path).resolve()
    if not any(real.is_relative_to(root.resolve()) for root in roots):
        raise ApiDocumentUnreadable(form.path, "it lies outside the folders of REPOMILL_INPUT_ROOTS on the worker")
    return file_location(real)
