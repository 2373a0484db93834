"""Fields of blocks that bound the calls of all workflows that name no queue."""

from typing import Annotated

from pydantic import Field

CallsAtOnce = Annotated[
    int | None,
    Field(
        gt=0,
        title="Calls at once",
        description="Most calls at once of all workflows that name no queue; empty for no bound.",
    ),
]
CallsAMinute = Annotated[
    int | None,
    Field(
        gt=0,
        title="Calls a minute",
        description="Most calls a minute of all workflows that name no queue; empty for no bound.",
    ),
]
