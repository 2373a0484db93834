"""Indexes for lists in pages, newest first, of an organisation, by status and by type."""

import sqlalchemy as sa

from storage.database.migrations.large_tables import add_index, drop_index

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

NEWEST = sa.text("created_at DESC")
Columns = list[str | sa.TextClause]
INDEXES: dict[str, tuple[str, Columns]] = {
    "ix_generated_projects_organisation_id_page_created_at": ("generated_projects", ["organisation_id", NEWEST, "id"]),
    "ix_generated_projects_organisation_id_status_created_at": (
        "generated_projects",
        ["organisation_id", "status", NEWEST, "id"],
    ),
    "ix_executions_organisation_id_status_created_at": ("executions", ["organisation_id", "status", NEWEST, "id"]),
    "ix_project_files_organisation_id_file_type_id": ("project_files", ["organisation_id", "file_type", "id"]),
}


def upgrade() -> None:
    for name, (table, columns) in INDEXES.items():
        add_index(name, table, columns)


def downgrade() -> None:
    for name, (table, _) in INDEXES.items():
        drop_index(name, table)
