"""Configurations in which it matters whether a key was written down: `equals: null` is not the same as no `equals`."""

from typing import Any

from pydantic import SerializerFunctionWrapHandler, model_serializer

from repomill.nodes.base import NodeConfig


class AsWritten(NodeConfig):
    """Stores the keys that were written down and no others, so that it reads back as it was."""

    @model_serializer(mode="wrap")
    def _written_keys(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = type(self).model_fields
        written = {key for name in self.model_fields_set for key in (name, fields[name].alias)}
        return {key: value for key, value in serialise(self).items() if key in written}
