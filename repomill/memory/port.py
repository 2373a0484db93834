"""Port: the conversations that agents go on with."""

from enum import StrEnum
from typing import Annotated, Final, Protocol

from pydantic import BaseModel, ConfigDict, Field

from repomill.memory.turns import Turn

LONGEST_KEY: Final = 200
FIRST_CALL: Final = 900
"""Number of the first call for a memory within its node, beyond those of the agent (500) and before those of tools."""


class MemoryScope(StrEnum):
    """Who shares the memory of a key."""

    PROJECT = "project"
    WORKFLOW = "workflow"
    USER = "user"
    FREE = "free"
    """Every run of the organisation."""


class WhenFull(StrEnum):
    """What becomes of turns that do not fit any more."""

    FORGET = "forget"
    """The model is not shown them."""
    SUMMARISE = "summarise"
    """The model puts them into words of its own, with one call more."""


class MemoryUse(BaseModel):
    """Which conversation an agent goes on with, and how much of it the model is shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Annotated[str, Field(min_length=1, max_length=LONGEST_KEY, description="Name of the conversation.")]
    scope: Annotated[MemoryScope, Field(description="Who shares the conversation of this name.")] = MemoryScope.PROJECT
    max_tokens: Annotated[int, Field(ge=100, description="About how many tokens of it are shown, in whole turns.")] = (
        4000
    )
    when_full: Annotated[WhenFull, Field(description="What becomes of older turns.")] = WhenFull.FORGET


class Conversation(Protocol):
    """What one node instance remembers; the same however often its execution is taken up."""

    @property
    def turns(self) -> tuple[Turn, ...]:
        """What was said before, oldest first; a summary may be the first."""

    async def keep(self, turn: Turn) -> None:
        """Add a turn; the same turn of the same node is added once."""

    async def summarise(self, summary: Turn) -> None:
        """Let a summary stand for the turns up to its number, for whoever reads from now on."""


class Memories(Protocol):
    """The conversations of one run."""

    async def open(self, use: MemoryUse, node_path: str) -> Conversation:
        """Read a conversation for a node instance; raises as `Calls` does: the reading is a call of the ledger."""
