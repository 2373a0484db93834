"""The registry of node kinds."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import repomill.nodes
from repomill.nodes import registry
from repomill.nodes.base import Idempotency, NodeConfig, NodeKind
from repomill.workflow.spec_schema import spec_schema
from repomill.workflow.validation import validate

NEW_KIND = '''
"""The `shout` node."""
from typing import ClassVar
from repomill.nodes.base import Idempotency, NodeConfig, NodeContext, NodeKind, NodeResult

class ShoutConfig(NodeConfig):
    """Configuration."""
    text: str

class Shout(NodeKind[ShoutConfig]):
    """Says it louder."""
    name: ClassVar[str] = "{name}"
    version: ClassVar[int] = 1
    idempotency: ClassVar[Idempotency] = Idempotency.PURE
    config_model = ShoutConfig

    async def run(self, config: ShoutConfig, context: NodeContext) -> NodeResult:
        return NodeResult(config.text.upper())
'''

SPEC = "apiVersion: repomill/v1\nname: loud\nnodes: [{id: a, type: shout, config: {text: hi}}]\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose modules are found as if they lay in `repomill/nodes`."""
    monkeypatch.setattr(repomill.nodes, "__path__", [*repomill.nodes.__path__, str(tmp_path)])
    before: dict[str, ModuleType] = dict(sys.modules)
    registry.registered.cache_clear()
    yield tmp_path
    for name in sys.modules.keys() - before.keys():
        if name.startswith("repomill.nodes."):
            del sys.modules[name]
    registry.registered.cache_clear()


def test_these_kinds_exist() -> None:
    assert list(registry.kinds()) == [
        "aggregator", "api_call", "db", "file_generation", "image", "input", "llm", "loop", "repo_creation", "router",
    ]  # fmt: skip


@pytest.mark.parametrize("name", registry.kinds())
def test_a_declaration_is_complete(name: str) -> None:
    kind = registry.kind(name)
    assert kind.name == name
    assert kind.version >= 1
    assert kind.idempotency in Idempotency
    assert issubclass(kind.config_model, NodeConfig)
    assert type(kind).__doc__
    assert all(field.description for field in kind.config_model.model_fields.values())


def test_only_effects_publish() -> None:
    assert {name for name, kind in registry.kinds().items() if kind.publishes} == {"repo_creation"}
    assert registry.kind("repo_creation").idempotency is Idempotency.EFFECT


def test_a_module_is_all_that_a_new_kind_costs(folder: Path) -> None:
    (folder / "shout.py").write_text(NEW_KIND.replace("{name}", "shout"))
    assert "shout" in registry.kinds()
    assert validate(SPEC, "loud.yaml", folder=folder).nodes[0].type == "shout"
    assert '"shout"' in str(spec_schema()).replace("'", '"')


def test_two_kinds_of_one_name_are_refused(folder: Path) -> None:
    (folder / "other.py").write_text(NEW_KIND.replace("{name}", "llm"))
    with pytest.raises(TypeError, match="'llm' is declared twice"):
        registry.kinds()


def test_an_imported_kind_is_not_declared_again(folder: Path) -> None:
    (folder / "borrows.py").write_text("from repomill.nodes.llm import Llm as Borrowed\n")
    assert "llm" in registry.kinds()


def test_the_base_declares_what_most_kinds_need() -> None:
    kind = registry.kind("input")
    config = kind.config_model()
    assert isinstance(kind, NodeKind)
    assert (kind.sources(config), kind.template_folders(config), kind.static_paths(config)) == ((), (), ())
    assert not kind.writes_files(config)
