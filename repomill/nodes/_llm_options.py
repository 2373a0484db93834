"""Parts of the `llm` node's configuration that most nodes leave out."""

from typing import Annotated, Any

from pydantic import Field, field_validator

from repomill.nodes.base import NodeConfig


class Attach(NodeConfig):
    """Files of a node before this one that the agent is shown."""

    from_: Annotated[str, Field(alias="from", description="Node whose files they are.")]
    paths: Annotated[
        tuple[str, ...], Field(description="Patterns as in .gitignore; without any all of its files.")
    ] = ()


class Fallback(NodeConfig):
    """A model that takes the place of one that cannot be reached or refuses."""

    source: Annotated[str, Field(description="Name of a source of the workflow.")]
    model: Annotated[str, Field(description="Model, where it differs from the source's.")] = ""


_BOUNDED = frozenset(
    {"max_tokens", "max_completion_tokens", "max_output_tokens", "n", "best_of", "candidateCount", "generationConfig"}
    | {"model", "messages", "input", "contents", "system", "systemInstruction", "instructions"}
    | {"stream", "stream_options", "tools", "tool_choice", "functions", "toolConfig"}
)
"""Fields of requests that say how much is asked and how much may come back, in any provider's words."""


class ModelOptions(NodeConfig):
    """Settings of models beyond the usual; a provider refuses or ignores those that it does not know."""

    top_p: Annotated[float | None, Field(ge=0, le=1, description="Share of likely tokens to choose from.")] = None
    top_k: Annotated[int | None, Field(gt=0, description="Number of likely tokens to choose from.")] = None
    seed: Annotated[int | None, Field(description="Makes answers alike, where a provider has it.")] = None
    presence_penalty: Annotated[float | None, Field(ge=-2, le=2, description="Against what was said at all.")] = None
    frequency_penalty: Annotated[float | None, Field(ge=-2, le=2, description="Against what was said often.")] = None
    stop_sequences: Annotated[tuple[str, ...], Field(max_length=4, description="Texts at which the answer ends.")] = ()
    extra_body: Annotated[
        dict[str, Any], Field(default_factory=dict, description="More fields of the request, as the provider has them.")
    ]

    @field_validator("extra_body")
    @classmethod
    def _leaves_bounds_alone(cls, given: dict[str, Any]) -> dict[str, Any]:
        for name in sorted(_BOUNDED & given.keys()):
            raise ValueError(f"'{name}' is for Repomill to say: budgets put aside what a request may use at most")
        return given

    def stated(self) -> dict[str, Any]:
        """Return what was stated."""
        return self.model_dump(mode="json", exclude_defaults=True)
