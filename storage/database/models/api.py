"""The endpoint registry: APIs, the versions of their documents, the operations of each."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.models.base import Base, Tenant
from storage.database.models.types import DIGEST, JSON_DOCUMENT, NAME, PlainText


class Api(Tenant, Base):
    """An API whose document was discovered, under the name by which blocks and workflows know it."""

    __tablename__ = "apis"
    __table_args__ = (UniqueConstraint("organisation_id", "name"),)

    name: Mapped[str] = mapped_column(NAME)
    created_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    """When its document was looked at last, changed or not."""


class ApiVersion(Tenant, Base):
    """An API's document as it was once; `digest` is that of the document and all it refers to.

    `facts` holds description, servers, security schemes and notes; `definitions_key` names the shared schemas in the
    artefact store.
    """

    __tablename__ = "api_versions"
    __table_args__ = (UniqueConstraint("api_id", "number"),)

    api_id: Mapped[UUID] = mapped_column(ForeignKey("apis.id", ondelete="CASCADE"))
    number: Mapped[int]
    digest: Mapped[str] = mapped_column(DIGEST)
    openapi: Mapped[str] = mapped_column(PlainText)
    title: Mapped[str] = mapped_column(PlainText)
    version: Mapped[str] = mapped_column(PlainText)
    location: Mapped[str] = mapped_column(PlainText)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON_DOCUMENT)
    definitions_key: Mapped[str] = mapped_column(PlainText)
    created_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]


class ApiOperation(Tenant, Base):
    """An operation; `details` are its parameters, body and answers, `digest` covers the schemas it reaches."""

    __tablename__ = "api_operations"
    __table_args__ = (
        UniqueConstraint("version_id", "position"),
        Index("ix_api_operations_version_id_name", "version_id", "name"),
    )

    version_id: Mapped[UUID] = mapped_column(ForeignKey("api_versions.id", ondelete="CASCADE"))
    position: Mapped[int]
    name: Mapped[str] = mapped_column(PlainText)
    method: Mapped[str] = mapped_column(NAME)
    path: Mapped[str] = mapped_column(PlainText)
    summary: Mapped[str] = mapped_column(PlainText)
    deprecated: Mapped[bool]
    digest: Mapped[str] = mapped_column(DIGEST)
    details: Mapped[dict[str, Any]] = mapped_column(JSON_DOCUMENT)
