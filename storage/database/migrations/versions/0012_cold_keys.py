"""An index for the question which project keeps an archived tree; without it each removal read all projects."""

from storage.database.migrations.large_tables import add_index, drop_index

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_index("ix_generated_projects_cold_key", "generated_projects", ["cold_key"])


def downgrade() -> None:
    drop_index("ix_generated_projects_cold_key", "generated_projects")
