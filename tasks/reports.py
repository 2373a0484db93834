"""What a person finds in the Prefect UI: Markdown summary, table of files, links, progress."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from prefect.artifacts import (
    acreate_link_artifact,
    acreate_markdown_artifact,
    acreate_progress_artifact,
    acreate_table_artifact,
    aupdate_progress_artifact,
)

from repomill.nodes.base import Exported
from repomill.workflow.mermaid import to_mermaid
from storage.database.repositories.project_files import StoredFile
from tasks.markdown import file_tree, human_size
from tasks.run_state import Run, StoredProject

TABLE_ROWS = 1000
"""Longer tables make the page slow; the summary says how many files there are."""


async def report_tree(project: StoredProject, files: Sequence[StoredFile]) -> None:
    """Leave the table of files."""
    rows = [
        {"path": file.entry.path, "type": file.file_type, "bytes": file.entry.size, "sha256": file.entry.sha256[:12]}
        for file in files[:TABLE_ROWS]
    ]
    await acreate_table_artifact(rows, key="files", description=f"Files of {project.name}, tree {project.tree_digest}")


async def report_export(exported: Exported) -> None:
    """Leave a link to the archive or the repository, or what to type where a browser cannot open it."""
    if exported.url.startswith(("http://", "https://")):
        await acreate_link_artifact(
            exported.url, link_text=f"{exported.kind} export", key=f"export-{_slug(exported.kind)}"
        )
    else:
        text = f"`git clone {exported.url}`\n\nCommit `{exported.commit}`" if exported.commit else f"`{exported.url}`"
        await acreate_markdown_artifact(
            text, key=f"export-{_slug(exported.kind)}", description=f"{exported.kind} export"
        )


async def report_run(run: Run) -> None:
    """Leave the summary: what was made of what, the graph, the totals, the file tree."""
    await acreate_markdown_artifact(summary(run), key="summary", description=f"Workflow {run.spec.name}")


def summary(run: Run) -> str:
    """Return the summary as Markdown."""
    lines = [f"# {run.spec.name}", "", run.spec.description, ""]
    if run.project is not None:
        lines += [
            f"**{run.project.total_files} files, {human_size(run.project.total_size)}**",
            "",
            f"- project `{run.project.name}`",
            f"- tree `{run.project.tree_digest}`",
            f"- generated project `{run.project.id}`",
            f"- execution `{run.facts.id}`",
            "",
            "```text",
            *file_tree(run.paths),
            "```",
            "",
        ]
    return "\n".join([*lines, "## Graph", "", "```mermaid", to_mermaid(run.plan), "```"])


class NodeProgress:
    """A progress artifact that follows the nodes of a run."""

    def __init__(self, artifact_id: UUID, total: int) -> None:
        self._artifact_id = artifact_id
        self._total = total
        self._ended = 0

    @classmethod
    async def start(cls, run: Run) -> "NodeProgress":
        """Create the artifact at nothing."""
        found: Any = await acreate_progress_artifact(0.0, key="progress", description=f"Nodes of {run.spec.name}")
        return cls(found, len(run.spec.nodes))

    async def step(self) -> None:
        """One more node ended."""
        self._ended += 1
        await aupdate_progress_artifact(self._artifact_id, 100.0 * self._ended / self._total)


def _slug(text: str) -> str:
    return text.replace(".", "-")
