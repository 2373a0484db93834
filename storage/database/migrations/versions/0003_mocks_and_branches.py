"""Executions may run with mocks; nodes keep the branches they chose."""

import sqlalchemy as sa
from alembic import op

from storage.database.migrations.revision_0001.types import JSON

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Plain ADD COLUMN: SQLite's batch mode would make the tables anew, without their triggers.
    op.add_column("executions", sa.Column("use_mocks", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("node_executions", sa.Column("is_mocked", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("node_executions", sa.Column("branches", JSON, nullable=True))


def downgrade() -> None:
    op.drop_column("node_executions", "branches")
    op.drop_column("node_executions", "is_mocked")
    op.drop_column("executions", "use_mocks")
