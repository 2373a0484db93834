"""The JSON Schema of a whole workflow, for editors and `repomill workflow schema`."""

from collections.abc import Mapping
from typing import Any

from repomill.nodes.base import NodeKind
from repomill.nodes.registry import kinds as registered_kinds
from repomill.workflow.spec import WorkflowSpec

_DEFINITIONS = "#/$defs/{model}"


def spec_schema(kinds: Mapping[str, NodeKind[Any]] | None = None) -> dict[str, Any]:
    """Return draft 2020-12: the top level, and for each node type the configuration its kind takes."""
    kinds = kinds if kinds is not None else registered_kinds()
    schema = WorkflowSpec.model_json_schema(by_alias=True, ref_template=_DEFINITIONS)
    definitions: dict[str, Any] = schema["$defs"]
    node = definitions.pop("NodeSpec")
    branches = []
    for name, kind in kinds.items():
        definitions |= _configuration(kind)
        definitions[f"{name}_node"] = _node(node, name, kind)
        branches.append({"$ref": f"#/$defs/{name}_node"})
    definitions.pop("NodeSpec", None)  # came back with the kinds that have nodes inside
    for holder in (schema, *definitions.values()):
        if holder.get("properties", {}).get("nodes", {}).get("items") == {
            "$ref": _DEFINITIONS.format(model="NodeSpec")
        }:
            holder["properties"]["nodes"]["items"] = {"oneOf": branches}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _configuration(kind: NodeKind[Any]) -> dict[str, Any]:
    """Return the configuration's definitions, under the model's own name."""
    own = kind.config_model.model_json_schema(ref_template=_DEFINITIONS)
    inner: dict[str, Any] = own.pop("$defs", {})
    return inner | {kind.config_model.__name__: own}


def _node(node: Mapping[str, Any], name: str, kind: NodeKind[Any]) -> dict[str, Any]:
    model = kind.config_model
    needs_config = any(field.is_required() for field in model.model_fields.values())
    properties = node["properties"] | {
        "type": {"const": name, "description": " ".join((kind.__doc__ or "").partition("\n")[0].split())},
        "config": {"$ref": f"#/$defs/{model.__name__}"},
    }
    required = [*node["required"], "config"] if needs_config else node["required"]
    return {**node, "title": name, "properties": properties, "required": required}
