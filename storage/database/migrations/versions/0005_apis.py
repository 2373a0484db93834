"""The endpoint registry: APIs, the versions of their documents, their operations."""

import sqlalchemy as sa
from alembic import op

from storage.database.migrations.revision_0001.types import INSTANT, JSON

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_apis()
    _create_versions()
    _create_operations()


def downgrade() -> None:
    for table in ("api_operations", "api_versions", "apis"):
        op.drop_table(table)


def _create_apis() -> None:
    op.create_table(
        "apis",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_apis_created_by_users"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_apis_organisation_id_organisations"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_apis"),
        sa.UniqueConstraint("organisation_id", "name", name="uq_apis_organisation_id_name"),
    )
    op.create_index("ix_apis_organisation_id", "apis", ["organisation_id"], unique=False)


def _create_versions() -> None:
    op.create_table(
        "api_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("api_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(71), nullable=False),
        sa.Column("openapi", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("facts", JSON, nullable=False),
        sa.Column("definitions_key", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["api_id"], ["apis.id"], name="fk_api_versions_api_id_apis", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_api_versions_created_by_users"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_api_versions_organisation_id_organisations"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_api_versions"),
        sa.UniqueConstraint("api_id", "number", name="uq_api_versions_api_id_number"),
    )
    op.create_index("ix_api_versions_organisation_id", "api_versions", ["organisation_id"], unique=False)


def _create_operations() -> None:
    op.create_table(
        "api_operations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("method", sa.String(255), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("deprecated", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.String(71), nullable=False),
        sa.Column("details", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_api_operations_organisation_id_organisations"
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["api_versions.id"], name="fk_api_operations_version_id_api_versions", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_api_operations"),
        sa.UniqueConstraint("version_id", "position", name="uq_api_operations_version_id_position"),
    )
    op.create_index("ix_api_operations_organisation_id", "api_operations", ["organisation_id"], unique=False)
    op.create_index("ix_api_operations_version_id_name", "api_operations", ["version_id", "name"], unique=False)
