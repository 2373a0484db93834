"""Statements on the databases of a workflow, through SQLAlchemy."""

from tasks.databases.pool import SqlDatabases

__all__ = ["SqlDatabases"]
