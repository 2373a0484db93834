"""Prefect's own test suite for blocks, over every block there is."""

import importlib
import pkgutil
from typing import Any

import pytest
from prefect.blocks.core import Block
from prefect.testing.standard_test_suites.blocks import BlockStandardTestSuite
from pydantic import SecretStr

import blocks
from blocks.sources import SOURCE_BLOCKS
from repomill.sources import SourceKind


def ours() -> list[type[Block]]:
    """Return the blocks that modules of the package declare; those of other packages pass it there."""
    modules = [importlib.import_module(f"blocks.{each.name}") for each in pkgutil.iter_modules(blocks.__path__)]
    found = {item for module in modules for item in vars(module).values() if isinstance(item, type)}
    return sorted(
        (each for each in found if issubclass(each, Block) and each.__module__.startswith("blocks.")), key=str
    )


BLOCKS = ours()


@pytest.mark.parametrize("block", BLOCKS, scope="class")
class TestBlocks(BlockStandardTestSuite):
    """The suite asks a fixture for the block; the parameter stands in for it."""

    @pytest.fixture
    def block(self, request: pytest.FixtureRequest) -> Any:
        """Return the block."""
        return request.param

    test_has_a_valid_image = None  # type: ignore[assignment]  # no block has a logo: the UI would ask the web for it


def test_every_kind_of_source_has_a_block_and_a_slug_of_its_own() -> None:
    assert set(SOURCE_BLOCKS) == set(SourceKind)
    slugs = [block.get_block_type_slug() for block in {*BLOCKS, *SOURCE_BLOCKS.values()}]
    assert len(slugs) == len(set(slugs))


@pytest.mark.parametrize("block", BLOCKS)
def test_what_is_secret_is_hidden_in_the_schema_and_in_what_is_printed(block: type[Block]) -> None:
    names = {name for name, field in block.model_fields.items() if "Secret" in str(field.annotation)}
    shown = {path.split(".")[0] for path in block._to_block_schema(block_type_id=None).fields.get("secret_fields", [])}
    assert names <= shown
    assert not [name for name in ("api_key", "token", "password") if name in set(block.model_fields) - names]


def test_a_key_is_not_printed() -> None:
    loaded: Any = SOURCE_BLOCKS[SourceKind.ANTHROPIC](api_key=SecretStr("sk-secret"))
    assert "sk-secret" not in repr(loaded) + str(loaded.source("main"))


@pytest.mark.parametrize("block", BLOCKS)
def test_maps_of_secrets_are_hidden_value_by_value(block: type[Block]) -> None:
    maps = {f"{name}.*" for name, field in block.model_fields.items() if field.annotation == dict[str, SecretStr]}
    hidden = block._to_block_schema(block_type_id=None).fields["secret_fields"]
    assert maps == {path for path in hidden if path.endswith(".*")}
