"""Tokens of queues: when all of a minute's are there again, and who waits first for enough of them."""

import sqlalchemy as sa
from alembic import op

from storage.database.migrations.revision_0001.types import INSTANT

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("call_queues", sa.Column("tokens_full_at", INSTANT, nullable=True))
    op.add_column("call_queues", sa.Column("tokens_first", sa.Uuid(), nullable=True))
    op.add_column("call_queues", sa.Column("tokens_first_until", INSTANT, nullable=True))


def downgrade() -> None:
    for name in ("tokens_first_until", "tokens_first", "tokens_full_at"):
        op.drop_column("call_queues", name)
