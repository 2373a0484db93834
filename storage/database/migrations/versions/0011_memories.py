"""Conversation memory; reading one is a call of the ledger."""

import sqlalchemy as sa
from alembic import op

from storage.database.migrations.call_kinds import allow
from storage.database.migrations.revision_0001.types import INSTANT
from storage.database.migrations.row_security import protect, release

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KINDS = "'model', 'image', 'http', 'mcp', 'sql'"
SCOPES = ("project", "workflow", "user", "free")


def upgrade() -> None:
    allow(KINDS, f"{KINDS}, 'memory'")
    _create_memories()
    _create_turns()
    for table in ("memories", "memory_turns"):
        op.create_index(f"ix_{table}_organisation_id", table, ["organisation_id"])
        protect(table)


def downgrade() -> None:
    for table in ("memory_turns", "memories"):
        release(table)
        op.drop_table(table)
    op.execute("DELETE FROM calls WHERE kind = 'memory'")
    allow(f"{KINDS}, 'memory'", KINDS)


def _create_memories() -> None:
    op.create_table(
        "memories",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column(
            "scope",
            sa.Enum(*SCOPES, name="scope", native_enum=False, create_constraint=False, length=16),
            nullable=False,
        ),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.CheckConstraint(f"scope IN {SCOPES}", name=op.f("ck_memories_scope")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_memories_organisation_id_organisations"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_memories"),
        sa.UniqueConstraint("organisation_id", "scope", "owner", "key", name="uq_memories_identity"),
    )


def _create_turns() -> None:
    op.create_table(
        "memory_turns",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("memory_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("summarises", sa.Integer(), nullable=True),
        sa.Column("root_execution_id", sa.Uuid(), nullable=False),
        sa.Column("node_path", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(71), nullable=False),
        sa.Column("payload_key", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("ck_memory_turns_number")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_memory_turns_organisation_id_organisations"
        ),
        sa.ForeignKeyConstraint(
            ["memory_id"], ["memories.id"], name="fk_memory_turns_memory_id_memories", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_memory_turns"),
        sa.UniqueConstraint("memory_id", "number", name="uq_memory_turns_number"),
    )
