"""The `image` node: makes images and adds them to the tree as files."""

import base64
import binascii
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from repomill.calls.choke_point import SENDS_PER_CALL
from repomill.calls.ledger import CallKind
from repomill.calls.sending import Answered
from repomill.calls.spending import Spending
from repomill.canonical import Json
from repomill.errors import ImageInvalid, ImageRefused, ModelNotNamed
from repomill.images.formats import problem, suffixes
from repomill.images.prices import upper_bound
from repomill.images.request import Background, ImageFormat, ImageRequest, Quality
from repomill.images.source import ImageSource
from repomill.nodes.base import Idempotency, NodeConfig, NodeContext, NodeKind, NodeResult
from repomill.nodes.ports import Sources
from repomill.sources import SourceKind
from repomill.trees.tree import TreeFile
from repomill.workflow.templates import is_template

MOST_CHARACTERS = 32_000
LONGEST_PROMPT = "\N{GRINNING FACE}" * MOST_CHARACTERS
"""No prompt has more bytes."""


class ImageConfig(NodeConfig):
    """Configuration of an `image` node."""

    source: Annotated[str, Field(description="Name of a source of kind `images`.")]
    model: Annotated[str, Field(description="Model, where it differs from the source's.")] = ""
    prompt: Annotated[str, Field(min_length=1, max_length=MOST_CHARACTERS, description="What the image shows.")]
    path: Annotated[str, Field(min_length=1, description="Path in the tree; several images get `-1`, `-2`, … each.")]
    n: Annotated[int, Field(ge=1, le=10, description="How many images.")] = 1
    size: Annotated[str, Field(pattern=r"^(auto|\d{2,4}x\d{2,4})$", description="Width and height in pixels.")] = "auto"
    quality: Annotated[Quality, Field(description="Of the drawing; better costs more.")] = "auto"
    background: Annotated[Background, Field(description="What stands behind what is shown.")] = "auto"
    output_format: Annotated[ImageFormat, Field(description="Format of the files.")] = "png"
    output_compression: Annotated[int | None, Field(ge=0, le=100, description="Of JPEG and WebP, in percent.")] = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        known = suffixes(self.output_format)
        if not is_template(self.path) and PurePosixPath(self.path).suffix.lower() not in known:
            raise ValueError(f"the path of a {self.output_format} image ends in {' or '.join(known)}")
        if self.background == "transparent" and self.output_format == "jpeg":
            raise ValueError("a JPEG image has no transparent background")
        if self.output_compression is not None and self.output_format == "png":
            raise ValueError("'output_compression' goes with jpeg and webp")
        return self

    def paths(self) -> tuple[str, ...]:
        """Return the path of each image, in the order of the answer."""
        if self.n == 1:
            return (self.path,)
        stem, suffix = self.path[: -len(_suffix(self.path)) or None], _suffix(self.path)
        return tuple(f"{stem}-{number}{suffix}" for number in range(1, self.n + 1))


_OUTPUT = {"type": "object", "properties": {"files": {"type": "array", "items": {"type": "string"}}}}


class Image(NodeKind[ImageConfig]):
    """Makes images from a prompt and adds them to the tree.

    The answer is kept in the call ledger before anything looks at it. What is not a whole image of the format asked
    for, or was refused by the provider's content policy, fails the node and never becomes a file.
    """

    name: ClassVar[str] = "image"
    version: ClassVar[int] = 1
    idempotency: ClassVar[Idempotency] = Idempotency.RECORDED
    source_kinds: ClassVar[frozenset[SourceKind]] = frozenset({SourceKind.IMAGES})
    config_model = ImageConfig

    def output_schema(self, config: ImageConfig) -> Mapping[str, Any]:
        """Return the schema of the list of paths."""
        return _OUTPUT

    def sources(self, config: ImageConfig) -> tuple[str, ...]:
        """An image has one source."""
        return (config.source,)

    def most_model_calls(self, config: ImageConfig) -> int:
        """All images come with one answer."""
        return 1

    def most_spent(self, config: ImageConfig, sources: Sources) -> Spending:
        """Return what the one request costs, its repetition after a lost answer included."""
        source, model = sources.find(config.source, ImageSource), config.model or sources.model(config.source)
        if source is None:
            return Spending(None, f"the block of source {config.source} is not known here", "make the block")
        prompt = LONGEST_PROMPT if is_template(config.prompt) else config.prompt
        request = ImageRequest(model, prompt, config.n, config.size, config.quality)
        cost = upper_bound(source, request).cost
        if cost is None:
            reason = f"the price of images of {model} at source {config.source} is not known"
            return Spending(None, reason, "state `price_per_image` in the source's block")
        return Spending(cost).times(SENDS_PER_CALL)

    def writes_files(self, config: ImageConfig) -> bool:
        """Always."""
        return True

    def static_paths(self, config: ImageConfig) -> tuple[str, ...]:
        """Return the paths, unless an expression makes them."""
        return () if is_template(config.path) else config.paths()

    async def run(self, config: ImageConfig, context: NodeContext) -> NodeResult:
        """Ask for the images.

        Raises:
            SourceMissing: the source's block does not exist, and asking was needed.
            ModelNotNamed: nobody says which model.
            ImageRefused: the content policy said no.
            ImageInvalid: what came is not what was asked for.
            RepomillError: those of `repomill.calls.port`.
        """
        request = _request(config, context)

        async def send() -> Answered:
            from repomill.images.generation import generate  # the SDK takes over a second to import

            return await generate(context.sources.get(config.source, ImageSource), request)

        answer = await context.calls.call(
            CallKind.IMAGE,
            config.source,
            request.canonical(),
            send,
            model=request.model,
            bound=upper_bound(context.sources.find(config.source, ImageSource), request),
        )
        files = _files(config, context.path, answer)
        return NodeResult({"files": [file.path for file in files]}, files)


def _request(config: ImageConfig, context: NodeContext) -> ImageRequest:
    model = config.model or context.sources.model(config.source)
    if not model:
        context.sources.get(config.source, ImageSource)  # a block that is missing is the nearer reason
        raise ModelNotNamed(context.path, config.source)
    return ImageRequest(
        model=model,
        prompt=config.prompt,
        n=config.n,
        size=config.size,
        quality=config.quality,
        background=config.background,
        output_format=config.output_format,
        output_compression=config.output_compression,
    )


def _files(config: ImageConfig, node: str, answer: Mapping[str, Json]) -> tuple[TreeFile, ...]:
    if refused := answer.get("refused"):
        raise ImageRefused(node, str(refused))
    images = answer.get("images")
    contents = [_decoded(image) for image in images] if isinstance(images, list) else []
    for number, content in enumerate(contents, 1):
        if wrong := problem(content, config.output_format):
            raise ImageInvalid(node, number, wrong)
    if len(contents) != config.n:
        raise ImageInvalid(node, len(contents) + 1, f"{len(contents)} of {config.n} came")
    return tuple(TreeFile(path, content) for path, content in zip(config.paths(), contents, strict=True))


def _decoded(image: Json) -> bytes:
    try:
        return base64.b64decode(str(image), validate=True)
    except binascii.Error:
        return b"not base64"


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix
