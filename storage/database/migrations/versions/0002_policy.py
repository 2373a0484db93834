"""Projects have a policy, generated trees its verdict."""

import sqlalchemy as sa
from alembic import op

from storage.database.migrations.revision_0001.types import JSON

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Plain ADD COLUMN: SQLite's batch mode would make the tables anew, without their triggers.
    op.add_column("projects", sa.Column("policy", JSON, nullable=True))
    op.add_column("generated_projects", sa.Column("verdict", JSON, nullable=True))


def downgrade() -> None:
    op.drop_column("generated_projects", "verdict")
    op.drop_column("projects", "policy")
