"""What a person finds in the Prefect UI of a run: Markdown summary, table of files, a link for every export."""

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from httpx import HTTPError
from prefect.artifacts import acreate_link_artifact, acreate_markdown_artifact, acreate_table_artifact
from prefect.exceptions import PrefectException
from prefect.logging import get_logger

from repomill.nodes.registry import kind
from repomill.publishing.exports import Exported
from repomill.trees.archives import ARCHIVE_FORMATS
from repomill.workflow.graph_views import Instance
from storage.database.repositories.project_files import StoredFile
from tasks.downloads import Download
from tasks.errors import error_facts
from tasks.markdown import code, file_tree, human_size
from tasks.run_picture import instances, picture
from tasks.run_state import Run, StoredProject

TABLE_ROWS = 1000
"""Longer tables make the page slow; the summary says how many files there are."""
LONGEST_NAME = 60
FINDINGS_LISTED = 50


def artifact_key(project: str, what: str) -> str:
    """Return a key that sorts by project in the UI's list; keys have lower case letters, digits and dashes only."""
    name = _slug(project)[:LONGEST_NAME].strip("-") or "project"
    return f"{name}-{_slug(what)}"


@asynccontextmanager
async def best_effort(what: str) -> AsyncIterator[None]:
    """Let a failing Prefect API cost a report, not the run: its work is done and paid for."""
    try:
        yield
    except (HTTPError, PrefectException) as error:
        get_logger(__name__).warning("%s was not shown: %s", what, error)


async def report_tree(project: StoredProject, files: Sequence[StoredFile]) -> None:
    """Leave the table of files."""
    rows = [
        {"path": file.entry.path, "type": file.file_type, "bytes": file.entry.size, "sha256": file.entry.sha256[:12]}
        for file in files[:TABLE_ROWS]
    ]
    shown = "" if len(rows) == len(files) else f", the first {len(rows)} of them"
    description = f"{len(files)} files of {project.name}{shown}"
    async with best_effort("the table of files"):
        await acreate_table_artifact(rows, key=artifact_key(project.name, "files"), description=description)


async def report_export(
    project: StoredProject, exported: Exported, node: str = "", download: Download | None = None
) -> None:
    """Leave a link to the archive or the repository, or what to type where a browser cannot open it."""
    key = artifact_key(project.name, f"export-{node or exported.kind}")
    what = f"Commit {exported.commit[:12]}" if exported.commit else f"{exported.kind} archive"
    url, ends = (exported.url, "") if download is None else (download.url, _until(project, exported, download))
    description = f"{what} of {project.name}{ends}"
    async with best_effort("the link to an export"):
        if _opens(url):
            text = _link_text(project.name, exported.kind, url)
            await acreate_link_artifact(url, link_text=text, key=key, description=description)
        else:
            command = f"git clone {url}" if exported.commit else url
            await acreate_markdown_artifact(code(command), key=key, description=description)


def _until(project: StoredProject, exported: Exported, download: Download) -> str:
    if download.ends is None:
        return ""
    again = f"repomill project export {project.id} --to {exported.kind}"
    return f". The link opens until {download.ends:%Y-%m-%d %H:%M} UTC; `{again}` makes another."


async def report_run(run: Run) -> None:
    """Leave the summary: what was made of what, the totals, the exports, the file tree, the graph."""
    await run.writer.flush()
    await leave_summary(run)


async def leave_summary(run: Run, error: BaseException | None = None) -> None:
    """Leave the summary of what is written down of a run, at its top the error that ended it."""
    key = artifact_key(run.facts.project_name, "summary")
    ended = await run.services.database.run(
        run.services.scope, lambda work: instances(work, run.facts.id, run.facts.root_id), read_only=True
    )
    async with best_effort("the summary"):
        description = f"{'Made by workflow' if error is None else 'Failed run of workflow'} {run.spec.name}"
        await acreate_markdown_artifact(summary(run, ended, error), key=key, description=description)


def summary(run: Run, ended: list[Instance], error: BaseException | None = None) -> str:
    """Return the summary as Markdown; `ended` is what became of the nodes."""
    lines = [f"# {run.facts.project_name}", "", run.spec.description, ""]
    if error is not None:
        lines += _failure(run, error_facts(error))
    if run.project is not None:
        lines += _project(run, run.project)
    if run.output is not None:
        lines += ["## Output", "", "```json", json.dumps(run.output, indent=2, ensure_ascii=False), "```", ""]
    return "\n".join([*lines, "## Graph", "", "```mermaid", picture(run.plan, ended), "```"])


def _failure(run: Run, facts: Mapping[str, Any]) -> Iterator[str]:
    """Say what ended the run; an error may quote anything, so it stands in an indented block, which nothing ends."""
    node = f" at node {code(facts['node'])}" if "node" in facts else ""
    yield from ("## Failed", "", f"The run ended with {code(facts['code'])}{node}:", "")
    yield from (f"    {line}" for text in (facts["message"], facts["hint"]) for line in text.splitlines())
    yield from ("", f"`repomill execution resume {run.facts.id}` goes on where it stopped.", "")


def _project(run: Run, project: StoredProject) -> Iterator[str]:
    yield from (f"**{project.total_files} files, {human_size(project.total_size)}**", "")
    yield from _exports(run)
    yield f"- Generated project {code(str(project.id))}"
    yield f"- Tree {code(project.tree_digest)}"
    yield f"- Execution {code(str(run.facts.id))}"
    yield from _findings(run)
    yield from ("", "## Files", "", "```text", *file_tree(run.paths), "```", "")


def _findings(run: Run) -> Iterator[str]:
    """Say what the policy wants a person to look at; what it blocks never comes here."""
    if run.findings:
        yield from ("", "## To be looked at", "")
        yield from (f"- {code(finding.path)}: {finding.message}" for finding in run.findings[:FINDINGS_LISTED])
        if len(run.findings) > FINDINGS_LISTED:
            yield f"- and {len(run.findings) - FINDINGS_LISTED} more (`repomill project show`)"


def _exports(run: Run) -> Iterator[str]:
    for node in run.spec.nodes:
        output: Any = run.output_of(node.id)
        if output and kind(node.type).publishes:
            url, text = output["url"], _link_text(run.facts.project_name, output["kind"], output["url"])
            yield f"- {node.title or node.id}: {f'[{text}]({url})' if _opens(url) else code(url)}"


def _opens(url: str) -> bool:
    return url.startswith(("http://", "https://"))


def _link_text(project: str, export_kind: str, url: str) -> str:
    """Name a download as a file; an archive's own URL is too long to be read."""
    return f"Download {project}.{export_kind}" if export_kind in ARCHIVE_FORMATS else url


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
