"""Block: where the database is."""

from prefect.blocks.core import Block
from pydantic import Field, HttpUrl, SecretStr


class DatabaseConnection(Block):
    """The database that holds executions, projects and exports."""

    _block_type_name = "Repomill Database"
    _block_type_slug = "repomill-database"
    _description = "The database that holds executions, projects and exports."
    _documentation_url = HttpUrl("https://docs.sqlalchemy.org/en/20/core/engines.html#database-urls")

    url: SecretStr = Field(
        title="URL",
        description="SQLAlchemy URL of a PostgreSQL or SQLite database; kept secret because it may hold a password.",
    )
