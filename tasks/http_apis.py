"""The HTTP APIs of a run: sources, their discovered documents and the acting user put together when first asked for."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from repomill.apis.client import HttpApi
from repomill.apis.description import ApiDescription
from repomill.apis.source import ActingUser, ApiSource
from repomill.nodes.ports import Sources
from repomill.workflow.spec import WorkflowSpec
from storage.database.work import Work
from tasks.api_registry import load_api
from tasks.services import Services

if TYPE_CHECKING:
    from types import TracebackType


class RunApis:
    """The `repomill.nodes.base.HttpApis` port of one run.

    `scope` is the root execution; `known` are documents that a replayed bundle brought along.
    """

    def __init__(
        self,
        services: Services,
        spec: WorkflowSpec,
        sources: Sources,
        scope: str,
        known: Mapping[str, ApiDescription] | None = None,
    ) -> None:
        self._services = services
        self._spec = spec
        self._sources = sources
        self._scope = scope
        self._known = known or {}
        self._opened: dict[str, asyncio.Task[HttpApi]] = {}

    async def api(self, source: str) -> HttpApi:
        """Return the API behind a source; of many nodes that ask at once, one opens it."""
        if source not in self._opened:
            self._opened[source] = asyncio.create_task(self._open(source))
        try:
            return await asyncio.shield(self._opened[source])
        except Exception:
            self._opened.pop(source, None)  # a later try may find what was missing
            raise

    async def _open(self, name: str) -> HttpApi:
        source = self._sources.get(name, ApiSource)
        document = self._spec.sources[name].document or source.document
        source = source.model_copy(update={"document": document})
        description = await self._description(document) if document else None
        user = await acting_user(self._services)
        return HttpApi(source, description, user, self._scope)

    async def _description(self, document: str) -> ApiDescription:
        known = self._known.get(document)
        return await load_api(self._services, document) if known is None else known

    async def __aenter__(self) -> "RunApis":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        for opening in self._opened.values():
            if opening.done() and not opening.cancelled() and opening.exception() is None:
                await opening.result().aclose()
            else:
                opening.cancel()


async def acting_user(services: Services) -> ActingUser:
    """Return on whose behalf the services act."""

    def read(work: Work) -> ActingUser:
        user, organisation = work.users.acting()
        return ActingUser(str(user.id), user.name, str(organisation.id), organisation.name)

    return await services.database.run(services.scope, read, read_only=True)
