"""What node runners may ask for, on the real parts: models, stored templates, exports."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING
from weakref import finalize

from repomill.agents.request import AgentAnswer, AgentRequest, ModelChoice
from repomill.errors import SourceMissing, TemplateNotFound
from repomill.nodes.ports import Agents
from repomill.publishing.exports import Exported, ExportTarget
from repomill.trees.pack import packed_files
from repomill.trees.tree import File
from repomill.workflow.spec import WorkflowSpec
from storage.artifacts.port import ArtifactStore
from tasks.downloads import download_of
from tasks.export_reports import announce, blocked_is_told
from tasks.publish import publish
from tasks.reports import report_export
from tasks.services import Services
from tasks.sources import block_of

if TYPE_CHECKING:
    from tasks.run_state import Run


class SourceModels:
    """Fills in the model and the longest request that a source names, then hands the request on."""

    def __init__(self, spec: WorkflowSpec, agents: Agents) -> None:
        self._spec = spec
        self._agents = agents

    async def run(self, request: AgentRequest) -> AgentAnswer:
        """Run one agent; what a node states wins over its source."""
        named = replace(
            request,
            model=request.model or self._model(request.source),
            max_input_tokens=request.max_input_tokens or self._max_input_tokens(request.source),
            fallback=tuple(self._filled_in(each) for each in request.fallback),
        )
        try:
            return await self._agents.run(named)
        except SourceMissing as error:  # the runner knows the source's name, not the block behind it
            raise SourceMissing(error.source, block_of(self._spec, error.source)) from error

    def _filled_in(self, choice: ModelChoice) -> ModelChoice:
        most = choice.max_input_tokens or self._max_input_tokens(choice.source)
        return replace(choice, model=choice.model or self._model(choice.source), max_input_tokens=most)

    def _model(self, source: str) -> str:
        return self._spec.sources[source].model or ""

    def _max_input_tokens(self, source: str) -> int | None:
        return self._spec.sources[source].max_input_tokens


class StoredTemplates:
    """Template folders that were stored with the workflow version; each is opened once, until `close`."""

    def __init__(self, store: ArtifactStore, keys: Mapping[str, str]) -> None:
        self._store = store
        self._keys = keys
        self._known: dict[str, Sequence[File]] = {}
        self._opening = asyncio.Lock()
        opened = self._opened = ExitStack()
        self.close = finalize(self, opened.close)

    async def files(self, folder: str) -> Sequence[File]:
        """Return the folder's files; raises `TemplateNotFound` for one that was not stored."""
        if folder not in self._keys:
            raise TemplateNotFound(folder)
        async with self._opening:
            if folder not in self._known:
                pack = self._opened.enter_context(await self._store.open(self._keys[folder]))
                self._known[folder] = await asyncio.to_thread(packed_files, pack)
        return self._known[folder]


class StoredExports:
    """Publishes the tree that the run has stored; `run` is set before the first node starts."""

    run: "Run"

    def __init__(self, services: Services) -> None:
        self._services = services

    async def publish(self, node_path: str, target: ExportTarget) -> Exported:
        """Export the run's project; the block with the credentials is loaded now, and only here."""
        from tasks.credentials import load_access

        assert self.run.project is not None  # noqa: S101  # the walk stores the tree before a publishing node
        credentials = await load_access(target.kind, target.credentials)
        async with blocked_is_told(target):
            exported = await publish(self._services, self.run.project, target, node_path, credentials)
        download = await download_of(self._services, self.run.project, exported.kind)
        await report_export(self.run.project, exported, node_path, download)
        await announce(self.run.project, exported)
        return exported
