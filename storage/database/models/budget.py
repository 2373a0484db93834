"""Budgets of projects and of the organisation, and what was spent of them."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from repomill.calls.budget import Period
from storage.database.models.base import Base, Tenant
from storage.database.models.types import NAME, Money, status_column


class Budget(Tenant, Base):
    """Limits that a person set; without a project they are the organisation's."""

    __tablename__ = "budgets"
    __table_args__ = (
        UniqueConstraint("organisation_id", "project_id", "period"),
        Index(
            "uq_budgets_organisation_wide",
            "organisation_id",
            "period",
            unique=True,
            sqlite_where=text("project_id IS NULL"),
            postgresql_where=text("project_id IS NULL"),
        ),
    )

    project_id: Mapped[UUID | None] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    period: Mapped[Period] = mapped_column(status_column(Period, "period"))
    cost_usd: Mapped[Decimal | None] = mapped_column(Money)
    calls: Mapped[int | None]
    tokens: Mapped[int | None] = mapped_column(BigInteger)
    updated_at: Mapped[datetime]


class BudgetAccount(Tenant, Base):
    """What a budget has taken so far: spent for good, and reserved by calls under way."""

    __tablename__ = "budget_accounts"
    __table_args__ = (UniqueConstraint("organisation_id", "name"),)

    name: Mapped[str] = mapped_column(NAME)
    spent_cost: Mapped[Decimal] = mapped_column(Money)
    spent_calls: Mapped[int]
    spent_tokens: Mapped[int] = mapped_column(BigInteger)
    reserved_cost: Mapped[Decimal] = mapped_column(Money)
    reserved_calls: Mapped[int]
    reserved_tokens: Mapped[int] = mapped_column(BigInteger)
