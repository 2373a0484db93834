"""Where a database is reached."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class DatabaseSource(BaseModel):
    """A source of kind `database`.

    Attributes:
        name: what the workflow calls it.
        url: SQLAlchemy URL, with its password.
        password: the password alone, None without one: no generated file may hold it.
        connect_args: further arguments of the driver's `connect`.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    url: SecretStr
    password: SecretStr | None = None
    connect_args: dict[str, Any] = Field(default_factory=dict, repr=False)
