"""What a bundle holds."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

BUNDLE_FORMAT: Literal[1] = 1


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True)


class Template(_Plain):
    """A stored template folder; `recorded` is what the workflow version says of it beside digest and key."""

    name: str
    digest: str
    recorded: Mapping[str, Any] = Field(default_factory=dict)


class ApiFacts(_Plain):
    """What is public about an HTTP source."""

    base_url: str
    document: str = ""
    further_hosts: tuple[str, ...] = ()


class SourceFacts(_Plain):
    """What the answers of nodes owe to a source besides its secrets."""

    model: str = ""
    api: ApiFacts | None = None


class Contents(_Plain):
    """All of a bundle but the payloads; `files` are the digests of these by path."""

    format: Literal[1] = BUNDLE_FORMAT
    execution: str
    recorded_at: datetime
    workflow: str
    description: str = ""
    workflow_digest: str
    api_version: str
    definition: Mapping[str, Any]
    source_text: str
    project: str
    inputs: Mapping[str, Any]
    use_mocks: bool = False
    status: str
    tree_digest: str | None = None
    templates: tuple[Template, ...] = ()
    sources: Mapping[str, SourceFacts] = Field(default_factory=dict)
    apis: tuple[str, ...] = ()
    files: Mapping[str, str] = Field(default_factory=dict)
