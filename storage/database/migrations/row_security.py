"""Row-level security of PostgreSQL: the wall behind the repositories' own filter.

A role that is neither owner nor superuser sees and writes only rows of the organisation that its transaction names in
the setting `repomill.organisation_id`; without it, none. The owner, who migrates, is not bound.
"""

from alembic import op

POLICY = "organisation"
SETTING = "repomill.organisation_id"


def protect(table: str, column: str = "organisation_id") -> None:
    """Let a table's rows be seen by their organisation only; every new table needs it, a test asks for it."""
    if op.get_bind().dialect.name != "postgresql":
        return
    # An empty text is what the setting has after a transaction that named one.
    mine = f"{column} = NULLIF(current_setting('{SETTING}', true), '')::uuid"
    op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
    op.execute(f'CREATE POLICY {POLICY} ON "{table}" USING ({mine}) WITH CHECK ({mine})')


def release(table: str) -> None:
    """Take it back."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f'DROP POLICY {POLICY} ON "{table}"')
        op.execute(f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY')
