"""Block: a provider of images."""

from decimal import Decimal

from prefect.blocks.core import Block
from pydantic import Field, HttpUrl, SecretStr

from blocks.limits import CallsAMinute, CallsAtOnce
from repomill.images.source import ImageSource


class ImageProvider(Block):
    """OpenAI's images, or any endpoint that speaks the same protocol."""

    _block_type_name = "Repomill Image Provider"
    _block_type_slug = "repomill-images"
    _description = "OpenAI's images, or any endpoint that speaks the same protocol."
    _documentation_url = HttpUrl("https://platform.openai.com/docs/guides/image-generation")

    api_key: SecretStr = Field(title="API key", description="Key sent as the bearer token.")
    base_url: str = Field(
        default="", title="Base URL", description="Base URL of the endpoint; empty for OpenAI itself."
    )
    model: str = Field(default="", title="Model", description="Model used where a workflow names none.")
    timeout: float = Field(default=300, gt=0, title="Timeout", description="Seconds to wait for an answer.")
    price_per_image: Decimal | None = Field(
        default=None,
        ge=0,
        title="Price of an image",
        description="US dollars that one image costs at most; empty for the price list.",
    )
    concurrency: CallsAtOnce = None
    requests_per_minute: CallsAMinute = None

    def source(self, name: str, model: str = "") -> ImageSource:
        """Return the source a workflow knows as `name`; `model` wins over the block's own."""
        return ImageSource(
            name=name,
            base_url=self.base_url,
            api_key=self.api_key,
            model=model or self.model,
            timeout=self.timeout,
            price_per_image=self.price_per_image,
            concurrency=self.concurrency,
            requests_per_minute=self.requests_per_minute,
        )
