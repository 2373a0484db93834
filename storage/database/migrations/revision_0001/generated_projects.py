"""Generated projects, their files and exports."""

import sqlalchemy as sa
from alembic import op

from storage.database.migrations.revision_0001.types import INSTANT, JSON, NEWEST_FIRST


def create() -> None:
    op.create_table(
        "generated_projects",
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("workflow_execution_id", sa.Uuid(), nullable=True),
        sa.Column("output_directory", sa.Text(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "generating",
                "completed",
                "failed",
                "cancelled",
                "blocked",
                "archived",
                "deleted",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("total_files", sa.Integer(), nullable=False),
        sa.Column("total_size", sa.BigInteger(), nullable=False),
        sa.Column("tree_digest", sa.String(length=71), nullable=True),
        sa.Column("pack_key", sa.Text(), nullable=True),
        sa.Column("pack_format", sa.Integer(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("completed_at", INSTANT, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(completed_at IS NOT NULL) = (status IN ('completed', 'archived', 'deleted'))",
            name=op.f("ck_generated_projects_completed_at"),
        ),
        sa.CheckConstraint("total_files >= 0", name=op.f("ck_generated_projects_total_files")),
        sa.CheckConstraint("total_size >= 0", name=op.f("ck_generated_projects_total_size")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_generated_projects_created_by_users"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_generated_projects_organisation_id_organisations"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_generated_projects_project_id_projects", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workflow_execution_id"],
            ["executions.id"],
            name="fk_generated_projects_workflow_execution_id_executions",
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_generated_projects"),
        sa.UniqueConstraint("workflow_execution_id", name="uq_generated_projects_workflow_execution_id"),
    )
    op.create_index("ix_generated_projects_organisation_id", "generated_projects", ["organisation_id"], unique=False)
    op.create_index("ix_generated_projects_status", "generated_projects", ["status"], unique=False)
    op.create_index("ix_generated_projects_tree_digest", "generated_projects", ["tree_digest"], unique=False)
    op.create_table(
        "project_files",
        sa.Column("generated_project_id", sa.Uuid(), nullable=False),
        sa.Column("file_path", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_type", sa.String(length=255), nullable=False),
        sa.Column("file_size", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("content_preview", sa.Text(), nullable=False),
        sa.Column("mode", sa.String(length=6), nullable=False),
        sa.Column("data_offset", sa.BigInteger(), nullable=False),
        sa.Column("stored_size", sa.BigInteger(), nullable=False),
        sa.Column("compression", sa.String(length=16), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "file_path <> '' AND file_path <> '..' AND file_path NOT LIKE '/%' AND file_path NOT LIKE '../%'"
            " AND file_path NOT LIKE '%/..' AND file_path NOT LIKE '%/../%'",
            name=op.f("ck_project_files_file_path"),
        ),
        sa.CheckConstraint(
            "length(content_hash) = 64 AND trim(content_hash, '0123456789abcdef') = ''",
            name=op.f("ck_project_files_content_hash"),
        ),
        sa.CheckConstraint("mode IN ('100644', '100755')", name=op.f("ck_project_files_mode")),
        sa.CheckConstraint("data_offset >= 0 AND stored_size >= 0", name=op.f("ck_project_files_pack_range")),
        sa.CheckConstraint("file_size >= 0", name=op.f("ck_project_files_file_size")),
        sa.ForeignKeyConstraint(
            ["generated_project_id"],
            ["generated_projects.id"],
            name="fk_project_files_generated_project_id_generated_projects",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_project_files_organisation_id_organisations"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_project_files"),
        sa.UniqueConstraint(
            "generated_project_id", "file_path", name="uq_project_files_generated_project_id_file_path"
        ),
    )
    op.create_index("ix_project_files_content_hash", "project_files", ["content_hash"], unique=False)
    op.create_index("ix_project_files_file_type", "project_files", ["file_type"], unique=False)
    op.create_index("ix_project_files_organisation_id", "project_files", ["organisation_id"], unique=False)
    op.create_table(
        "repository_exports",
        sa.Column("generated_project_id", sa.Uuid(), nullable=False),
        sa.Column(
            "export_type",
            sa.Enum(
                "zip",
                "tar",
                "tar.gz",
                "tar.zst",
                "github",
                "gitlab",
                "gitea",
                "git",
                name="export_type",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "exporting",
                "completed",
                "failed",
                "cancelled",
                "archived",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("node_path", sa.Text(), nullable=True),
        sa.Column("target_digest", sa.String(length=71), nullable=False),
        sa.Column("tree_digest", sa.String(length=71), nullable=False),
        sa.Column("repository_name", sa.String(length=255), nullable=True),
        sa.Column("repository_url", sa.Text(), nullable=True),
        sa.Column("commit_sha", sa.String(length=64), nullable=True),
        sa.Column("archive_path", sa.Text(), nullable=True),
        sa.Column("archive_size", sa.BigInteger(), nullable=True),
        sa.Column("config", JSON, nullable=False),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("completed_at", INSTANT, nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "repository_url LIKE '%_://_%' OR repository_url LIKE '%_@_%:%_'",
            name=op.f("ck_repository_exports_repository_url"),
        ),
        sa.CheckConstraint(
            "archive_path IS NULL OR archive_size IS NOT NULL", name=op.f("ck_repository_exports_archive_path")
        ),
        sa.CheckConstraint("archive_size >= 0", name=op.f("ck_repository_exports_archive_size")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_repository_exports_created_by_users"),
        sa.ForeignKeyConstraint(
            ["generated_project_id"],
            ["generated_projects.id"],
            name="fk_repository_exports_generated_project_id_generated_projects",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_repository_exports_organisation_id_organisations"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_repository_exports"),
        sa.UniqueConstraint(
            "generated_project_id", "node_path", "target_digest", name="uq_repository_exports_project_node_target"
        ),
    )
    op.create_index("ix_repository_exports_export_type", "repository_exports", ["export_type"], unique=False)
    op.create_index("ix_repository_exports_organisation_id", "repository_exports", ["organisation_id"], unique=False)
    op.create_index("ix_repository_exports_status", "repository_exports", ["status"], unique=False)
    op.create_table(
        "export_steps",
        sa.Column("export_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column(
            "state",
            sa.Enum("started", "done", "failed", name="state", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("detail", JSON, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["export_id"],
            ["repository_exports.id"],
            name="fk_export_steps_export_id_repository_exports",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_export_steps_organisation_id_organisations"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_export_steps"),
        sa.UniqueConstraint("export_id", "name", name="uq_export_steps_export_id_name"),
    )
    op.create_index("ix_export_steps_organisation_id", "export_steps", ["organisation_id"], unique=False)
    op.create_index("ix_generated_projects_project_id_created_at", "generated_projects", ["project_id", NEWEST_FIRST])
    op.create_index("ix_generated_projects_created_by_created_at", "generated_projects", ["created_by", NEWEST_FIRST])
    op.create_index(
        "ix_repository_exports_project_created_at", "repository_exports", ["generated_project_id", NEWEST_FIRST]
    )


def drop() -> None:
    op.drop_table("export_steps")
    op.drop_table("repository_exports")
    op.drop_table("project_files")
    op.drop_table("generated_projects")
