"""Block: where the database is."""

from prefect.blocks.core import Block
from pydantic import Field, SecretStr


class DatabaseConnection(Block):
    """The database that holds executions, projects and exports.

    Attributes:
        url: SQLAlchemy URL of a PostgreSQL or SQLite database; kept secret because it may hold a password.
    """

    _block_type_name = "Repomill Database"
    _block_type_slug = "repomill-database"
    _description = "The database that holds executions, projects and exports."

    url: SecretStr = Field(title="URL", description="postgresql://user:password@host/name or sqlite:////path/file.db")
