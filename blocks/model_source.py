"""Block: a model provider."""

from decimal import Decimal

from prefect.blocks.core import Block
from pydantic import Field, SecretStr

from repomill.agents.source import ModelSource


class OpenAISource(Block):
    """OpenAI, or any endpoint that speaks its protocol.

    Attributes:
        api_key: key sent as the bearer token.
        base_url: base URL of the endpoint; empty for OpenAI itself.
        model: model used where a workflow names none.
        timeout: seconds to wait for an answer.
        input_price: US dollars for a million tokens of prompts; empty for the price list.
        output_price: US dollars for a million tokens of answers; empty for the price list.
    """

    _block_type_name = "Repomill OpenAI Source"
    _block_type_slug = "repomill-openai"
    _description = "OpenAI, or any endpoint that speaks its protocol."

    api_key: SecretStr = Field(title="API key")
    base_url: str = Field(default="", title="Base URL", description="Empty for OpenAI itself.")
    model: str = Field(default="", title="Model", description="Used where a workflow names none.")
    timeout: float = Field(default=120, gt=0, title="Timeout", description="Seconds to wait for an answer.")
    input_price: Decimal | None = Field(
        default=None,
        ge=0,
        title="Price of prompts",
        description="US dollars a million tokens; with that of answers.",
    )
    output_price: Decimal | None = Field(
        default=None, ge=0, title="Price of answers", description="US dollars for a million tokens."
    )

    def source(self, name: str, model: str = "") -> ModelSource:
        """Return the source a workflow knows as `name`; `model` wins over the block's own."""
        return ModelSource(
            name=name,
            base_url=self.base_url,
            api_key=self.api_key,
            model=model or self.model,
            timeout=self.timeout,
            input_price=self.input_price,
            output_price=self.output_price,
        )
