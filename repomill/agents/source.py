"""Sources: where an OpenAI-compatible endpoint is and how to talk to it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

OPENAI_URL = "https://api.openai.com/v1"


class EndpointSource(BaseModel):
    """One endpoint of OpenAI's API under the name by which workflows use it.

    `base_url` is empty for OpenAI itself, `api_key` for local servers that want none; `timeout` is in seconds and
    bounds the wait for the next byte. `model` is taken where a node names none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    base_url: str = ""
    api_key: SecretStr = SecretStr("")
    model: str = ""
    headers: Mapping[str, str] = Field(default_factory=dict)
    timeout: Annotated[float, Field(gt=0)] = 120.0

    @field_validator("base_url")
    @classmethod
    def _is_an_http_url(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("a base URL starts with http:// or https://")
        return value

    @property
    def url(self) -> str:
        """Return the base URL with OpenAI's filled in: the SDK's own default could come from the environment."""
        return self.base_url or OPENAI_URL


class ModelSource(EndpointSource):
    """One endpoint that speaks OpenAI's chat completions.

    Prices are in US dollars for a million tokens; stated ones win over the price list.
    """

    kind: Literal["openai"] = "openai"
    input_price: Annotated[Decimal | None, Field(ge=0)] = None
    output_price: Annotated[Decimal | None, Field(ge=0)] = None
