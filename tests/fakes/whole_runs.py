"""A whole run without Prefect: its nodes, its tree, its project and its exports, on real database and store."""

from uuid import UUID

from repomill.publishing.exports import Exported, ExportTarget
from tasks.open_execution import open_execution
from tasks.publish import publish
from tasks.run_graph import run_graph
from tasks.run_output import store_output
from tasks.run_state import Run
from tasks.services import Services
from tasks.steps import once
from tasks.tree_steps import assemble_tree, record_project
from tests.fakes.plain_task_runs import PlainTaskRuns
from tests.fakes.walks import Count, document

FILES = {"README.md": "# Tea\n", "src/brew.py": "print('tea')\n", "src/empty.py": ""}

SPEC = document(
    [
        {
            "id": "page",
            "type": "file_generation",
            "config": {"files": [{"path": path, "content": content} for path, content in FILES.items()]},
        },
        {"id": "archive", "type": "repo_creation", "config": {"to": "tar.gz"}},
        {"id": "push", "type": "repo_creation", "config": {"to": "git", "url": "{{ inputs.remote }}"}},
    ],
    [{"from": "page", "to": "archive"}, {"from": "archive", "to": "push"}],
)
"""Files, then an archive, then a push to the input `remote`."""


class PlainExports:
    """Publishes the tree of a run, and leaves nothing in Prefect."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def publish(self, node_path: str, target: ExportTarget) -> Exported:
        assert self._run.project is not None
        return await publish(self._run.services, self._run.project, target, node_path)


async def run_whole(services: Services, execution: UUID) -> None:
    """Run an execution to its end, for the first time or again; raises what it fails with."""
    async with open_execution(services, "", {}, execution, None) as run:
        run.task_runs, run.exports = PlainTaskRuns(), PlainExports(run)

        async def store_tree() -> None:
            run.project = await record_project(run, await assemble_tree(run))

        tree = once(store_tree)
        await run_graph(run, tree, Count(), publish=True)
        await tree()
        await store_output(run)
