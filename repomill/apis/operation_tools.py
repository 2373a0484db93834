"""One operation as something that can be called with plain arguments: by a model, or by any other caller."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from repomill.apis.answers import ApiAnswer
from repomill.apis.arguments import Arguments, arguments_schema
from repomill.apis.client import CallOptions, HttpApi
from repomill.apis.description import Operation, Schema
from repomill.apis.requests import make_request
from repomill.calls.port import Calls

LONGEST_NAME = 64
"""What providers of models take as the name of a tool."""


@dataclass(frozen=True, slots=True)
class OperationTool:
    """An operation of a described API."""

    api: HttpApi
    operation: Operation

    @property
    def name(self) -> str:
        """The operation's name in the letters, digits, dashes and underscores that models may write."""
        return re.sub(r"[^A-Za-z0-9_-]+", "_", self.operation.name).strip("_")[:LONGEST_NAME]

    @property
    def description(self) -> str:
        """What the operation does, in the document's words."""
        return self.operation.description or self.operation.summary or self.operation.place

    def schema(self) -> Schema:
        """Return the JSON Schema of the arguments; it stands for itself."""
        definitions = self.api.description.definitions if self.api.description else {}
        return arguments_schema(self.operation, definitions)

    async def call(
        self, calls: Calls, node_path: str, arguments: Arguments, options: CallOptions | None = None
    ) -> ApiAnswer:
        """Check the arguments and make the call through the ledger.

        Raises:
            ApiRequestInvalid: they do not fit; nothing was sent.
            RepomillError: what `HttpApi.call` raises.
        """
        request = make_request(self.operation, self.api.description, self.api.base_url, arguments)
        return await self.api.call(calls, node_path, request, options or CallOptions())


def operation_tools(api: HttpApi) -> Iterator[OperationTool]:
    """Yield every operation of an API whose document is known, but for those that are deprecated."""
    operations = api.description.operations if api.description else ()
    for operation in operations:
        if not operation.deprecated:
            yield OperationTool(api, operation)
