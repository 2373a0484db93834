"""Changes of tables that may be large; while one is made on PostgreSQL, others go on writing.

What has to read the whole table is left out of the upgrade's transaction, whose locks nobody gets past.
`storage.database.beside_writers` does it afterwards; it compares the database with the models, and needs no list.
"""

from alembic import context, op
from sqlalchemy import TextClause


def is_left_for_later() -> bool:
    """Tell whether this upgrade is of a PostgreSQL database that is in use, and goes to the newest revision."""
    return bool(context.config.attributes["is_in_use"])


def add_index(name: str, table: str, columns: "list[str | TextClause]") -> None:
    """Add an index of the models to a table that an earlier revision made."""
    if not is_left_for_later():
        op.create_index(name, table, columns)


def drop_index(name: str, table: str) -> None:
    """Take an index away; one whose building was interrupted may be missing."""
    op.drop_index(name, table, if_exists=True)


def replace_check(name: str, table: str, condition: str) -> None:
    """Put another condition into a constraint; new rows are held to it at once, those already there later."""
    op.drop_constraint(name, table)
    op.create_check_constraint(op.f(name), table, condition, postgresql_not_valid=is_left_for_later())
