"""Retention: rules, pins and holds, the archive of old trees, and objects that are about to be removed."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from storage.database.migrations.large_tables import add_index, drop_index
from storage.database.migrations.revision_0001.types import INSTANT, JSON

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COLUMNS: dict[str, list[tuple[str, sa.types.TypeEngine[Any]]]] = {
    "organisations": [("retention", JSON)],
    "projects": [("retention", JSON)],
    "generated_projects": [("deleted_at", INSTANT), ("cold_key", sa.Text()), ("cold_size", sa.BigInteger())],
    "executions": [("results_deleted_at", INSTANT), ("calls_deleted_at", INSTANT), ("events_deleted_at", INSTANT)],
}
INDEXED = ("completed_at", "archived_at")


def upgrade() -> None:
    # Plain ADD COLUMN: SQLite's batch mode would make the tables anew, without their triggers.
    for table, columns in COLUMNS.items():
        for name, kind in columns:
            op.add_column(table, sa.Column(name, kind, nullable=True))
    for column in INDEXED:
        add_index(f"ix_generated_projects_status_{column}", "generated_projects", ["status", column])
    add_index("ix_generated_projects_pack_key", "generated_projects", ["pack_key"])
    add_index("ix_repository_exports_archive_path", "repository_exports", ["archive_path"])
    _create_marks()
    _create_deletions()


def downgrade() -> None:
    drop_index("ix_repository_exports_archive_path", "repository_exports")
    drop_index("ix_generated_projects_pack_key", "generated_projects")
    op.drop_table("object_deletions")
    op.drop_table("retention_marks")
    for column in INDEXED:
        drop_index(f"ix_generated_projects_status_{column}", "generated_projects")
    for table, columns in COLUMNS.items():
        for name, _ in columns:
            op.drop_column(table, name)


def _create_marks() -> None:
    op.create_table(
        "retention_marks",
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("generated_project_id", sa.Uuid(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum("pin", "hold", name="kind", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'pin') = (generated_project_id IS NOT NULL)", name=op.f("ck_retention_marks_kind_fits")
        ),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_retention_marks_created_by_users"),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_retention_marks_project_id_projects", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["generated_project_id"],
            ["generated_projects.id"],
            name="fk_retention_marks_generated_project_id_generated_projects",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_retention_marks_organisation_id_organisations"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_retention_marks"),
        sa.UniqueConstraint("project_id", "generated_project_id", "kind", name="uq_retention_marks_what_kind"),
    )
    op.create_index("ix_retention_marks_organisation_id", "retention_marks", ["organisation_id"])
    op.create_index("ix_retention_marks_generated_project_id", "retention_marks", ["generated_project_id"])


def _create_deletions() -> None:
    op.create_table(
        "object_deletions",
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("marked_at", INSTANT, nullable=False),
        sa.Column("deleted_at", INSTANT, nullable=True),
        sa.Column("is_erased", sa.Boolean(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_object_deletions_organisation_id_organisations"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_object_deletions"),
        sa.UniqueConstraint("organisation_id", "object_key", name="uq_object_deletions_organisation_id_object_key"),
    )
    op.create_index("ix_object_deletions_organisation_id", "object_deletions", ["organisation_id"])
    op.create_index("ix_object_deletions_deleted_at", "object_deletions", ["deleted_at"])
