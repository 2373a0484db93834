"""Budgets of projects and of the organisation, their accounts, and what calls have put aside in them."""

import sqlalchemy as sa
from alembic import op

from storage.database.migrations.revision_0001.types import INSTANT, JSON, MONEY

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_budgets()
    _create_accounts()
    # Plain ADD COLUMN: SQLite's batch mode would make the table anew, without its triggers.
    op.add_column("calls", sa.Column("reserved_tokens", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("calls", sa.Column("budget_accounts", JSON, nullable=True))


def downgrade() -> None:
    op.drop_column("calls", "budget_accounts")
    op.drop_column("calls", "reserved_tokens")
    op.drop_table("budget_accounts")
    op.drop_table("budgets")


def _create_budgets() -> None:
    op.create_table(
        "budgets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("period", sa.String(16), nullable=False),
        sa.Column("cost_usd", MONEY, nullable=True),
        sa.Column("calls", sa.Integer(), nullable=True),
        sa.Column("tokens", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.CheckConstraint("period IN ('total', 'day')", name=op.f("ck_budgets_period")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_budgets_organisation_id_organisations"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_budgets_project_id_projects", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_budgets"),
        sa.UniqueConstraint(
            "organisation_id", "project_id", "period", name="uq_budgets_organisation_id_project_id_period"
        ),
    )
    op.create_index("ix_budgets_organisation_id", "budgets", ["organisation_id"], unique=False)
    op.create_index(
        "uq_budgets_organisation_wide",
        "budgets",
        ["organisation_id", "period"],
        unique=True,
        sqlite_where=sa.text("project_id IS NULL"),
        postgresql_where=sa.text("project_id IS NULL"),
    )


def _create_accounts() -> None:
    op.create_table(
        "budget_accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("spent_cost", MONEY, nullable=False),
        sa.Column("spent_calls", sa.Integer(), nullable=False),
        sa.Column("spent_tokens", sa.BigInteger(), nullable=False),
        sa.Column("reserved_cost", MONEY, nullable=False),
        sa.Column("reserved_calls", sa.Integer(), nullable=False),
        sa.Column("reserved_tokens", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_budget_accounts_organisation_id_organisations"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_budget_accounts"),
        sa.UniqueConstraint("organisation_id", "name", name="uq_budget_accounts_organisation_id_name"),
    )
    op.create_index("ix_budget_accounts_organisation_id", "budget_accounts", ["organisation_id"], unique=False)
