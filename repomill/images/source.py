"""An image source: where an endpoint that speaks OpenAI's images API is, and what it charges."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from repomill.agents.source import EndpointSource


class ImageSource(EndpointSource):
    """One endpoint under the name by which workflows use it.

    `price_per_image` is in US dollars, the most one image costs; None leaves it to the price list.
    """

    price_per_image: Annotated[Decimal | None, Field(ge=0)] = None
