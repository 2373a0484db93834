"""Projects, workflows and their versions."""

import sqlalchemy as sa
from alembic import op

from storage.database.migrations.revision_0001.types import INSTANT, JSON, NEWEST_FIRST


def create() -> None:
    op.create_table(
        "projects",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_projects_created_by_users"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_projects_organisation_id_organisations"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_projects"),
        sa.UniqueConstraint("organisation_id", "name", name="uq_projects_organisation_id_name"),
    )
    op.create_index("ix_projects_organisation_id", "projects", ["organisation_id"], unique=False)
    op.create_table(
        "workflows",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("deleted_at", INSTANT, nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_workflows_organisation_id_organisations"
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_workflows_owner_id_users"),
        sa.PrimaryKeyConstraint("id", name="pk_workflows"),
    )
    op.create_index("ix_workflows_organisation_id", "workflows", ["organisation_id"], unique=False)
    op.create_index(
        "uq_workflows_name_while_not_deleted",
        "workflows",
        ["organisation_id", "name"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "workflow_versions",
        sa.Column("workflow_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("api_version", sa.String(length=255), nullable=False),
        sa.Column("definition", JSON, nullable=False),
        sa.Column("source_text", sa.Text(), nullable=False),
        sa.Column("templates", JSON, nullable=False),
        sa.Column("deployment_id", sa.Uuid(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_workflow_versions_created_by_users"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_workflow_versions_organisation_id_organisations"
        ),
        sa.ForeignKeyConstraint(
            ["workflow_id"], ["workflows.id"], name="fk_workflow_versions_workflow_id_workflows", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_workflow_versions"),
        sa.UniqueConstraint("workflow_id", "digest", name="uq_workflow_versions_workflow_id_digest"),
        sa.UniqueConstraint("workflow_id", "number", name="uq_workflow_versions_workflow_id_number"),
    )
    op.create_index("ix_workflow_versions_organisation_id", "workflow_versions", ["organisation_id"], unique=False)
    op.create_index(
        "ix_workflow_versions_organisation_id_created_at", "workflow_versions", ["organisation_id", NEWEST_FIRST]
    )


def drop() -> None:
    op.drop_table("workflow_versions")
    op.drop_table("workflows")
    op.drop_table("projects")
