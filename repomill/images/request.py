"""What is asked of an image model."""

from dataclasses import asdict, dataclass
from typing import Literal

from repomill.canonical import Json

ImageFormat = Literal["png", "jpeg", "webp"]
Quality = Literal["auto", "low", "medium", "high", "xhigh", "max"]
Background = Literal["auto", "opaque", "transparent"]

REQUEST_FORMAT = 1


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """One request for `n` images; the names are those of the API. An empty `size` leaves it to the model."""

    model: str
    prompt: str
    n: int = 1
    size: str = "auto"
    quality: Quality = "auto"
    background: Background = "auto"
    output_format: ImageFormat = "png"
    output_compression: int | None = None

    def parameters(self) -> dict[str, Json]:
        """Return what is sent: what was left open stays out, so that models which do not know it are not troubled."""
        stated = {name: value for name, value in asdict(self).items() if value not in {None, "auto"}}
        return {"size": "auto", **stated}

    def canonical(self) -> dict[str, Json]:
        """Return the JSON whose digest tells this request from others."""
        return {"format": REQUEST_FORMAT, **self.parameters()}
