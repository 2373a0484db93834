"""Queues of calls: turns, pauses and slots that all processes share."""

import sqlalchemy as sa
from alembic import op

from storage.database.migrations.revision_0001.types import INSTANT

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_queues",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("next_turn_at", INSTANT, nullable=True),
        sa.Column("paused_until", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_call_queues_organisation_id_organisations"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_call_queues"),
        sa.UniqueConstraint("organisation_id", "name", name="uq_call_queues_organisation_id_name"),
    )
    op.create_index("ix_call_queues_organisation_id", "call_queues", ["organisation_id"], unique=False)
    op.create_table(
        "call_slots",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("queue", sa.String(255), nullable=False),
        sa.Column("holder", sa.Uuid(), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_call_slots_organisation_id_organisations"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_call_slots"),
        sa.UniqueConstraint("organisation_id", "queue", "holder", name="uq_call_slots_organisation_id_queue_holder"),
    )
    op.create_index("ix_call_slots_organisation_id", "call_slots", ["organisation_id"], unique=False)


def downgrade() -> None:
    op.drop_table("call_slots")
    op.drop_table("call_queues")
