"""What an image node may say, what its images cost at most, and which bytes are whole images."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from repomill.images.formats import problem
from repomill.images.prices import price, upper_bound
from repomill.images.request import ImageFormat, ImageRequest
from repomill.images.source import ImageSource
from repomill.nodes.image import ImageConfig
from repomill.nodes.registry import kind
from tests.servers.pictures import JPEG, WEBP, png

OPENAI = ImageSource(name="painter")
STATED = ImageSource(name="painter", price_per_image=Decimal("0.1"))


def config(**more: Any) -> ImageConfig:
    return ImageConfig.model_validate({"source": "painter", "prompt": "A cup.", "path": "cup.png", **more})


def asked(model: str = "gpt-image-1", **more: Any) -> ImageRequest:
    return ImageRequest(model, "A cup.", **more)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"path": "cup.gif"}, "ends in .png"),
        ({"path": "cup.png", "output_format": "jpeg"}, "ends in .jpg or .jpeg"),
        ({"path": "cup.jpg", "output_format": "jpeg", "background": "transparent"}, "no transparent background"),
        ({"output_compression": 3}, "goes with jpeg and webp"),
        ({"n": 11}, "less than or equal to 10"),
        ({"size": "big"}, "pattern"),
        ({"prompt": ""}, "at least 1"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused(more: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        config(**more)


def test_paths_are_known_before_the_run_unless_an_expression_makes_them() -> None:
    image = kind("image")
    assert image.static_paths(config(n=2)) == ("cup-1.png", "cup-2.png")
    assert image.static_paths(config(path="{{ inputs.name }}")) == ()
    assert image.writes_files(config())


def test_a_request_leaves_out_what_was_left_open() -> None:
    assert asked().parameters() == {
        "model": "gpt-image-1",
        "prompt": "A cup.",
        "n": 1,
        "size": "auto",
        "output_format": "png",
    }


@pytest.mark.parametrize(
    ("more", "tokens"),
    [
        ({"quality": "low", "size": "1024x1024"}, 272),
        ({"quality": "low"}, 408),
        ({}, 6240),
        ({"n": 3}, 3 * 6240),
    ],
)
def test_the_bound_is_that_of_the_dearest_image_the_request_allows(more: dict[str, Any], tokens: int) -> None:
    bound = upper_bound(OPENAI, asked(**more))
    assert bound.output_tokens == tokens
    # 40 US dollars a million image tokens, 5 a million tokens of text
    assert bound.cost == (Decimal(tokens) * 40 + 6 * 5) / 1_000_000


@pytest.mark.parametrize(
    "request_", [asked(size="4096x4096"), asked(quality="max"), asked("gpt-image-2"), asked("my-own-model")]
)
def test_a_bound_nobody_publishes_is_unknown_unless_the_source_states_a_price(request_: ImageRequest) -> None:
    assert upper_bound(OPENAI, request_).cost is None
    assert upper_bound(None, request_).cost is None
    assert upper_bound(STATED, request_).cost == Decimal("0.1")


def test_an_answer_costs_by_its_tokens() -> None:
    usage: Any = {"input_tokens": 10, "output_tokens": 272}
    assert price(OPENAI, asked(), usage, 1).cost == Decimal("0.01093")
    assert price(OPENAI, asked(), None, 1).cost is None
    assert price(STATED, asked(), usage, 2).cost == Decimal("0.2")


@pytest.mark.parametrize(("content", "wanted"), [(png(), "png"), (JPEG, "jpeg"), (WEBP, "webp")])
def test_a_whole_image_is_told_from_every_cut_one(content: bytes, wanted: ImageFormat) -> None:
    assert problem(content, wanted) == ""
    assert all(problem(content[:length], wanted) for length in range(len(content)))


def test_a_png_without_a_picture() -> None:
    assert problem(png()[:33] + png()[-12:], "png") == "it holds no picture"
