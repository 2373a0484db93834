"""An index for the question which project keeps an archived tree; without it each removal read all projects."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_generated_projects_cold_key", "generated_projects", ["cold_key"])


def downgrade() -> None:
    op.drop_index("ix_generated_projects_cold_key", "generated_projects")
