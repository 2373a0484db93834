"""The first schema, with a default organisation and user."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import op

from storage.database.migrations.revision_0001 import accounts, executions, generated_projects, transitions, workflows
from storage.database.migrations.revision_0001.types import INSTANT

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ORGANISATION_ID = UUID("00000000-0000-4000-8000-000000000001")
USER_ID = UUID("00000000-0000-4000-8000-000000000002")

PARTS = (accounts, workflows, executions, generated_projects, transitions)


def upgrade() -> None:
    for part in PARTS:
        part.create()
    _add_defaults(datetime.now(UTC))


def downgrade() -> None:
    for part in (generated_projects, executions, workflows, accounts, transitions):
        part.drop()


def _add_defaults(now: datetime) -> None:
    organisations = sa.table("organisations", *_common_columns(), sa.column("slug", sa.String()))
    op.bulk_insert(organisations, [{"id": ORGANISATION_ID, "name": "Default", "slug": "default", "created_at": now}])
    users = sa.table("users", *_common_columns(), sa.column("organisation_id", sa.Uuid()))
    op.bulk_insert(users, [{"id": USER_ID, "organisation_id": ORGANISATION_ID, "name": "default", "created_at": now}])


def _common_columns() -> list[sa.ColumnClause[Any]]:
    return [sa.column("id", sa.Uuid()), sa.column("name", sa.String()), sa.column("created_at", INSTANT)]
