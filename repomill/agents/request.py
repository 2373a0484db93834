"""What a node asks of an agent, and what it gets back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from repomill.agents.attachments import Attachment
from repomill.agents.functions import Function
from repomill.calls.ledger import Usage
from repomill.canonical import Json
from repomill.memory.turns import Turn
from repomill.trees.tree import TreeFile


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model of a source; "" is the source's own."""

    source: str
    model: str = ""
    max_input_tokens: int | None = None
    """Bound of each request to it; None leaves it to the model's window."""


@dataclass(frozen=True, slots=True)
class AgentRequest:
    """One agent run. `schema` asks for structured output, `files` for files; with neither the output is text.

    `max_tokens` bounds each answer, `repairs` how often a wrong answer is sent back with what was wrong.
    """

    node_path: str
    source: str
    prompt: str
    max_tokens: int
    system_prompt: str = ""
    model: str = ""
    temperature: float | None = None
    schema: Mapping[str, Any] | None = None
    files: bool = False
    repairs: int = 2
    max_input_tokens: int | None = None
    """Bound of each request, counted as a budget counts; longer ones are not sent. None leaves it to the model."""
    functions: tuple[Function, ...] = ()
    """What the model may call; their names differ."""
    max_calls: int | None = None
    """Requests to the model that one run may make; None for one and the repairs."""
    attachments: tuple[Attachment, ...] = ()
    """Shown after the prompt."""
    thinking: str = ""
    """How much the model thinks first: `none`, `minimal`, `low`, `medium`, `high`; "" leaves it to the model."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Further settings, by Pydantic AI's names."""
    fallback: tuple[ModelChoice, ...] = ()
    """Asked in this order when the source cannot be reached or refuses."""
    history: tuple[Turn, ...] = ()
    """What was said before, oldest first."""
    calls_before: int = 0
    """Number of the node's calls that its requests follow; agents of one node need numbers of their own."""

    @property
    def most_requests(self) -> int:
        """Bound of the requests to the model."""
        return self.max_calls or 1 + self.repairs


@dataclass(frozen=True, slots=True)
class AgentAnswer:
    """`output` is `{"text": …}`, the structured object, or `{"files": [paths], "notes": …}` with `files` beside it."""

    output: Json
    files: tuple[TreeFile, ...] = ()
    usage: Usage = field(default_factory=Usage)
    calls: int = 0
    turn: Turn = field(default_factory=lambda: Turn(()))
    """What was asked and answered, to be remembered."""
