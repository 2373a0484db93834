"""Changing which kinds of calls the ledger takes."""

from alembic import op

from storage.database.migrations.large_tables import replace_check


def allow(before: str, after: str) -> None:
    """Put other kinds into the table's constraint; both as they stand in its list."""
    if op.get_bind().dialect.name == "sqlite":
        _make_anew(before, after)
        return
    replace_check("ck_calls_kind", "calls", f"kind IN ({after})")


def _make_anew(before: str, after: str) -> None:
    """SQLite cannot change a constraint: make the table again from its own text, with its indexes and triggers.

    No table refers to it, and triggers come last, so that copying the rows fires none.
    """
    connection = op.get_bind()
    query = "SELECT sql FROM sqlite_master WHERE tbl_name = 'calls' AND sql IS NOT NULL AND type {} 'table'"
    [[table]] = connection.exec_driver_sql(query.format("=")).fetchall()
    others = [row[0] for row in connection.exec_driver_sql(query.format("<>"))]
    text = str(table).replace(f"({before})", f"({after})").replace('CREATE TABLE "calls" ', "CREATE TABLE calls_anew ")
    if f"({after})" not in text or "calls_anew" not in text:
        raise RuntimeError("the table of calls does not limit its kinds as expected")
    connection.exec_driver_sql(text)
    for statement in (
        "INSERT INTO calls_anew SELECT * FROM calls",
        "DROP TABLE calls",
        "ALTER TABLE calls_anew RENAME TO calls",
        *others,
    ):
        connection.exec_driver_sql(statement)
