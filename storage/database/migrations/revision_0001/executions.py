"""Executions and what belongs to one."""

import sqlalchemy as sa
from alembic import op

from storage.database.migrations.revision_0001.types import INSTANT, JSON, MONEY, NEWEST_FIRST


def create() -> None:
    op.create_table(
        "executions",
        sa.Column("root_id", sa.Uuid(), nullable=False),
        sa.Column("workflow_version_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("acting_user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "running",
                "suspended",
                "completed",
                "failed",
                "cancelled",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column(
            "mode",
            sa.Enum("live", "replay", "strict", name="mode", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("recordings", sa.Text(), nullable=True),
        sa.Column("inputs", JSON, nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("event_sequence", sa.Integer(), nullable=False),
        sa.Column("error", JSON, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("started_at", INSTANT, nullable=True),
        sa.Column("completed_at", INSTANT, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("cancel_requested_at", INSTANT, nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("event_sequence >= 0", name=op.f("ck_executions_event_sequence")),
        sa.CheckConstraint("fence >= 0", name=op.f("ck_executions_fence")),
        sa.ForeignKeyConstraint(["acting_user_id"], ["users.id"], name="fk_executions_acting_user_id_users"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_executions_organisation_id_organisations"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_executions_project_id_projects", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["root_id"], ["executions.id"], name="fk_executions_root_id_executions"),
        sa.ForeignKeyConstraint(
            ["workflow_version_id"],
            ["workflow_versions.id"],
            name="fk_executions_workflow_version_id_workflow_versions",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_executions"),
    )
    op.create_index("ix_executions_organisation_id", "executions", ["organisation_id"], unique=False)
    op.create_index("ix_executions_root_id", "executions", ["root_id"], unique=False)
    op.create_index("ix_executions_status", "executions", ["status"], unique=False)
    op.create_index("ix_executions_workflow_version_id", "executions", ["workflow_version_id"], unique=False)
    op.create_table(
        "execution_attempts",
        sa.Column("execution_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("prefect_flow_run_id", sa.Uuid(), nullable=True),
        sa.Column("owner", sa.String(length=255), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("heartbeat_at", INSTANT, nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("outcome", sa.String(length=255), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["execution_id"],
            ["executions.id"],
            name="fk_execution_attempts_execution_id_executions",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_execution_attempts_organisation_id_organisations"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_execution_attempts"),
        sa.UniqueConstraint("execution_id", "fence", name="uq_execution_attempts_execution_id_fence"),
    )
    op.create_index("ix_execution_attempts_organisation_id", "execution_attempts", ["organisation_id"], unique=False)
    op.create_index(
        "ix_execution_attempts_prefect_flow_run_id", "execution_attempts", ["prefect_flow_run_id"], unique=False
    )
    op.create_index(
        "uq_execution_attempts_open",
        "execution_attempts",
        ["execution_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "node_executions",
        sa.Column("execution_id", sa.Uuid(), nullable=False),
        sa.Column("node_path", sa.Text(), nullable=False),
        sa.Column("node_type", sa.String(length=255), nullable=False),
        sa.Column("node_key", sa.String(length=71), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "running",
                "completed",
                "cached",
                "skipped",
                "suspended",
                "failed",
                "cancelled",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("output_key", sa.Text(), nullable=True),
        sa.Column("output_digest", sa.String(length=71), nullable=True),
        sa.Column("fragment_key", sa.Text(), nullable=True),
        sa.Column("fragment_digest", sa.String(length=71), nullable=True),
        sa.Column("file_count", sa.Integer(), nullable=False),
        sa.Column("error", JSON, nullable=True),
        sa.Column("prefect_task_run_id", sa.Uuid(), nullable=True),
        sa.Column("started_at", INSTANT, nullable=True),
        sa.Column("completed_at", INSTANT, nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("file_count >= 0", name=op.f("ck_node_executions_file_count")),
        sa.ForeignKeyConstraint(
            ["execution_id"], ["executions.id"], name="fk_node_executions_execution_id_executions", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_node_executions_organisation_id_organisations"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_node_executions"),
        sa.UniqueConstraint("execution_id", "node_path", name="uq_node_executions_execution_id_node_path"),
    )
    op.create_index("ix_node_executions_node_key", "node_executions", ["node_key"], unique=False)
    op.create_index("ix_node_executions_organisation_id", "node_executions", ["organisation_id"], unique=False)
    op.create_table(
        "calls",
        sa.Column("root_execution_id", sa.Uuid(), nullable=False),
        sa.Column("execution_id", sa.Uuid(), nullable=False),
        sa.Column("node_path", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("request_digest", sa.String(length=71), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("model", "image", "http", "mcp", name="kind", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("source", sa.String(length=255), nullable=False),
        sa.Column("model", sa.String(length=255), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "reserved",
                "sent",
                "answered",
                "settled",
                "uncertain",
                "released",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("sends", sa.Integer(), nullable=False),
        sa.Column("reserved_amount", MONEY, nullable=True),
        sa.Column("cost", MONEY, nullable=True),
        sa.Column("input_tokens", sa.Integer(), nullable=False),
        sa.Column("output_tokens", sa.Integer(), nullable=False),
        sa.Column("latency_ms", sa.Integer(), nullable=True),
        sa.Column("request_key", sa.Text(), nullable=False),
        sa.Column("response_key", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("sent_at", INSTANT, nullable=True),
        sa.Column("answered_at", INSTANT, nullable=True),
        sa.Column("settled_at", INSTANT, nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("ordinal >= 1", name=op.f("ck_calls_ordinal")),
        sa.CheckConstraint("sends >= 0", name=op.f("ck_calls_sends")),
        sa.ForeignKeyConstraint(
            ["execution_id"], ["executions.id"], name="fk_calls_execution_id_executions", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_calls_organisation_id_organisations"
        ),
        sa.ForeignKeyConstraint(
            ["root_execution_id"], ["executions.id"], name="fk_calls_root_execution_id_executions", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_calls"),
        sa.UniqueConstraint("root_execution_id", "node_path", "ordinal", "request_digest", name="uq_calls_identity"),
    )
    op.create_index("ix_calls_execution_id", "calls", ["execution_id"], unique=False)
    op.create_index("ix_calls_organisation_id", "calls", ["organisation_id"], unique=False)
    op.create_table(
        "events",
        sa.Column("execution_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=255), nullable=False),
        sa.Column("node_path", sa.Text(), nullable=True),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["execution_id"], ["executions.id"], name="fk_events_execution_id_executions", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_events_organisation_id_organisations"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint("execution_id", "sequence", name="uq_events_execution_id_sequence"),
    )
    op.create_index("ix_events_organisation_id", "events", ["organisation_id"], unique=False)
    op.create_index("ix_executions_organisation_id_created_at", "executions", ["organisation_id", NEWEST_FIRST])
    op.create_index("ix_executions_project_id_created_at", "executions", ["project_id", NEWEST_FIRST])
    op.create_index("ix_executions_acting_user_id_created_at", "executions", ["acting_user_id", NEWEST_FIRST])


def drop() -> None:
    op.drop_table("events")
    op.drop_table("calls")
    op.drop_table("node_executions")
    op.drop_table("execution_attempts")
    op.drop_table("executions")
