"""A database of workflows, as prefect-sqlalchemy's own block holds it."""

from prefect_sqlalchemy import ConnectionComponents, SqlAlchemyConnector  # type: ignore[import-untyped]  # no py.typed
from pydantic import SecretStr
from sqlalchemy import make_url

from repomill.databases.source import DatabaseSource


def database_source(block: SqlAlchemyConnector, name: str) -> DatabaseSource:
    """Return the source a workflow knows as `name`; the block is read, its own engine never made (ADR 16)."""
    info = block.connection_info
    url = info.create_url() if isinstance(info, ConnectionComponents) else make_url(str(info))
    return DatabaseSource(
        name=name,
        url=SecretStr(url.render_as_string(hide_password=False)),
        password=SecretStr(url.password) if url.password else None,
        connect_args=block.connect_args or {},
    )
