"""Ledger rows: every call that may cost money."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from repomill.calls.ledger import CallKind, CallState
from storage.database.models.base import Base, Tenant
from storage.database.models.types import DIGEST, JSON_DOCUMENT, NAME, Money, PlainText, status_column


class Call(Tenant, Base):
    """One call; `execution_id` made it, every execution of the root may use its answer. Keys name stored payloads.

    `reserved_amount` and `reserved_tokens` bound one sending; they are put aside in the `budget_accounts`.
    """

    __tablename__ = "calls"
    __table_args__ = (
        UniqueConstraint("root_execution_id", "node_path", "ordinal", "request_digest", name="uq_calls_identity"),
        CheckConstraint("ordinal >= 1", name="ordinal"),
        CheckConstraint("sends >= 0", name="sends"),
    )

    root_execution_id: Mapped[UUID] = mapped_column(ForeignKey("executions.id", ondelete="CASCADE"))
    execution_id: Mapped[UUID] = mapped_column(ForeignKey("executions.id", ondelete="CASCADE"), index=True)
    node_path: Mapped[str] = mapped_column(PlainText)
    ordinal: Mapped[int]
    request_digest: Mapped[str] = mapped_column(DIGEST)
    kind: Mapped[CallKind] = mapped_column(status_column(CallKind, "kind"))
    source: Mapped[str] = mapped_column(NAME)
    model: Mapped[str] = mapped_column(NAME)
    state: Mapped[CallState] = mapped_column(status_column(CallState, "state"))
    sends: Mapped[int] = mapped_column(default=0)
    reserved_amount: Mapped[Decimal | None] = mapped_column(Money)
    reserved_tokens: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    budget_accounts: Mapped[list[str] | None] = mapped_column(JSON_DOCUMENT)
    cost: Mapped[Decimal | None] = mapped_column(Money)
    input_tokens: Mapped[int] = mapped_column(default=0)
    output_tokens: Mapped[int] = mapped_column(default=0)
    latency_ms: Mapped[int | None]
    request_key: Mapped[str] = mapped_column(PlainText)
    response_key: Mapped[str | None] = mapped_column(PlainText)
    error: Mapped[str | None] = mapped_column(PlainText)
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
