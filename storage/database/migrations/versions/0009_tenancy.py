"""Tenancy: roles of users, limits of organisations, and row-level security on PostgreSQL."""

from datetime import UTC, datetime
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

from storage.database.migrations.revision_0001.types import INSTANT
from storage.database.migrations.row_security import protect, release

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ROLES = ("viewer", "runner", "publisher", "admin")


def upgrade() -> None:
    _create_memberships()
    _create_limits()
    _make_everybody_admin()  # as everybody was
    for table in _tenants():
        protect(table)
    protect("organisations", "id")


def downgrade() -> None:
    for table in (*_tenants(), "organisations"):
        release(table)
    op.drop_table("organisation_limits")
    op.drop_table("memberships")


def _tenants() -> list[str]:
    inspector = sa.inspect(op.get_bind())
    names = sorted(inspector.get_table_names())
    return [name for name in names if "organisation_id" in {column["name"] for column in inspector.get_columns(name)}]


def _create_memberships() -> None:
    op.create_table(
        "memberships",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(*ROLES, name="role", native_enum=False, create_constraint=False, length=16),
            nullable=False,
        ),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.CheckConstraint(f"role IN {ROLES}", name=op.f("ck_memberships_role")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_memberships_organisation_id_organisations"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_memberships_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_memberships"),
        sa.UniqueConstraint("organisation_id", "user_id", name="uq_memberships_organisation_id_user_id"),
    )
    op.create_index("ix_memberships_organisation_id", "memberships", ["organisation_id"])


def _create_limits() -> None:
    op.create_table(
        "organisation_limits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=True)
            for name in ("projects", "runs_a_day", "storage_bytes", "files")
        ),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "projects >= 0 AND runs_a_day >= 0 AND storage_bytes >= 0 AND files >= 0",
            name=op.f("ck_organisation_limits_positive"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_organisation_limits_organisation_id_organisations"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_organisation_limits"),
        sa.UniqueConstraint("organisation_id", name="uq_organisation_limits_organisation_id"),
    )
    op.create_index("ix_organisation_limits_organisation_id", "organisation_limits", ["organisation_id"])


def _make_everybody_admin() -> None:
    users = sa.table("users", sa.column("id", sa.Uuid()), sa.column("organisation_id", sa.Uuid()))
    memberships = sa.table(
        "memberships",
        sa.column("id", sa.Uuid()),
        sa.column("organisation_id", sa.Uuid()),
        sa.column("user_id", sa.Uuid()),
        sa.column("role", sa.String()),
        sa.column("updated_at", INSTANT),
    )
    connection, now = op.get_bind(), datetime.now(UTC)
    rows = [
        {"id": uuid4(), "organisation_id": organisation, "user_id": user, "role": "admin", "updated_at": now}
        for user, organisation in connection.execute(sa.select(users.c.id, users.c.organisation_id)).all()
    ]
    if rows:
        connection.execute(memberships.insert(), rows)
