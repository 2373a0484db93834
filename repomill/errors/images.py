"""Errors of images."""

from dataclasses import dataclass
from typing import ClassVar

from repomill.errors.base import Fatal


@dataclass(eq=False)
class ImageRefused(Fatal):
    """The provider's content policy refused to make an image."""

    node: str
    reason: str
    code: ClassVar[str] = "image_refused"
    message: ClassVar[str] = "Node {node}: the provider's content policy refused the image: {reason}"
    hint: ClassVar[str] = "Change the prompt, then `repomill execution resume ID --spec SPEC`."


@dataclass(eq=False)
class ImageInvalid(Fatal):
    """What came is not the image that was asked for; it is kept, never written as a file."""

    node: str
    number: int
    reason: str
    code: ClassVar[str] = "image_invalid"
    message: ClassVar[str] = "Node {node}: image {number} of the answer cannot be used: {reason}."
    hint: ClassVar[str] = "Change the prompt, the model or the format, then `repomill execution resume ID --spec SPEC`."
