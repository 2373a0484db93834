"""Rules of the declaration: complete, described, and fit to be stored."""

import json
import re
from typing import Any

from jsonschema import Draft202012Validator
from pydantic import ValidationError

from repomill.nodes.base import Idempotency, NodeConfig, NodeKind
from repomill.testing.cases import Case
from repomill.testing.checks import require
from repomill.workflow.keys import node_key

NAME = re.compile(r"[a-z][a-z0-9_]*")


def the_declaration_is_complete(kind: NodeKind[Any], _: Case) -> None:
    """Name, version, class of idempotency and a description are there."""
    require(NAME.fullmatch(kind.name) is not None, f"the name {kind.name!r} is not lower_case_with_underscores")
    require(kind.version >= 1, f"the version {kind.version!r} does not count from 1")
    require(isinstance(kind.idempotency, Idempotency), "idempotency is not one of repomill.nodes.base.Idempotency")
    require(bool(type(kind).__doc__), "the class has no docstring; the docs and the Prefect UI show it")


def every_field_is_described(kind: NodeKind[Any], _: Case) -> None:
    """People read the descriptions in the docs, editors show them while a specification is written."""
    model = kind.config_model
    require(issubclass(model, NodeConfig), f"{model.__name__} is not a NodeConfig")
    bare = [name for name, field in model.model_fields.items() if not field.description]
    require(not bare, f"fields without description: {', '.join(bare)}")


def unknown_keys_are_refused(kind: NodeKind[Any], case: Case) -> None:
    """A mistyped key must not be taken for a default."""
    try:
        kind.config_model.model_validate({**case.config, "no_such_key": 1})
    except ValidationError:
        return
    require(False, f"{kind.config_model.__name__} takes keys that it does not know")


def the_configuration_survives_storage(kind: NodeKind[Any], case: Case) -> None:
    """Plain JSON and back is the same configuration, and names the same work."""
    config = kind.config_model.model_validate(case.config)
    plain = json.loads(json.dumps(config.model_dump(mode="json", by_alias=True)))
    again = kind.config_model.model_validate(plain)
    require(again == config, f"{config!r} comes back as {again!r}")
    keys = {node_key(kind, each.model_dump(mode="json"), node_path="a") for each in (config, again)}
    require(len(keys) == 1, "equal configurations have different node keys")


def the_output_schema_is_one(kind: NodeKind[Any], case: Case) -> None:
    """Validation reads it to find wrong references before a run."""
    Draft202012Validator.check_schema(dict(kind.output_schema(kind.config_model.model_validate(case.config))))


RULES = (
    the_declaration_is_complete, every_field_is_described, unknown_keys_are_refused,
    the_configuration_survives_storage, the_output_schema_is_one,
)  # fmt: skip
