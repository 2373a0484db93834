"""The `input` node: hands the run's inputs on."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from repomill.canonical import Json
from repomill.nodes.base import Idempotency, NodeConfig, NodeContext, NodeKind, NodeResult


class InputConfig(NodeConfig):
    """Configuration of an `input` node."""

    values: Annotated[
        dict[str, Any],
        Field(default_factory=dict, description="Values derived from the inputs; they join them in the output."),
    ]


class Input(NodeKind[InputConfig]):
    """Hands on the run's inputs, checked against the workflow's JSON Schema, and values derived from them."""

    name: ClassVar[str] = "input"
    version: ClassVar[int] = 1
    idempotency: ClassVar[Idempotency] = Idempotency.PURE
    config_model = InputConfig

    def output_schema(self, config: InputConfig) -> Mapping[str, Any]:
        """The inputs are the workflow's own, so only derived values could be named here; anything may come."""
        return {}

    def reads(self, config: InputConfig) -> tuple[str, ...]:
        """The output is the inputs."""
        return ("inputs",)

    async def run(self, config: InputConfig, context: NodeContext) -> NodeResult:
        """Merge inputs and derived values; a derived value wins over an input of the same name."""
        inputs = context.scope["inputs"]
        output: dict[str, Json] = dict(inputs) if isinstance(inputs, dict) else {}
        return NodeResult(output | config.values)
