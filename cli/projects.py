"""`repomill project`: generated projects, their files and exports."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cli import policies
from cli.export_options import ExportOrder, ReferenceArgument, load_login, needs_engine, takes_order
from cli.output import Format, FormatOption, print_facts, print_rows, say
from cli.services import opened, query, run_async

app = typer.Typer(help="Generated projects: their files, archives and pushes.", no_args_is_help=True)


@app.command("list")
def list_projects(
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    output: FormatOption = Format.TEXT,
) -> None:
    """List generated projects, newest first."""

    def rows(work: Any) -> list[dict[str, Any]]:
        return [_row(work, found) for found in work.generated_projects.list(limit)]

    print_rows(query(rows), output, empty="Nothing is generated yet.")


@app.command()
def show(reference: ReferenceArgument, output: FormatOption = Format.TEXT) -> None:
    """Print one generated project, what its policy finds, and its exports."""

    def facts(work: Any) -> dict[str, Any]:
        found = work.generated_projects.resolve(reference)
        exports = [_export(export) for export in work.exports.list(found.id)]
        about = {"tree": found.tree_digest, "stored_at": found.output_directory}
        return _row(work, found) | about | {"findings": _findings(found), "exports": exports}

    found = query(facts)
    if output is Format.JSON:
        print_facts(found, output)
        return
    findings, exports = found.pop("findings"), found.pop("exports")
    print_facts(found, output)
    say("")
    print_rows(findings, output, empty="The policy finds nothing.")
    say("")
    print_rows(exports, output, empty="Not exported.")


@app.command()
def files(reference: ReferenceArgument, output: FormatOption = Format.TEXT) -> None:
    """List the files of a generated project."""

    def rows(work: Any) -> list[dict[str, Any]]:
        found = work.generated_projects.resolve(reference)
        return [_file(file) for file in work.project_files.list(found.id)]

    print_rows(query(rows), output, empty="The project has no files.")


@app.command()
def cat(reference: ReferenceArgument, path: Annotated[str, typer.Argument(metavar="PATH")]) -> None:
    """Write one file's bytes to standard output, read by one range request."""
    import sys

    from tasks.stored_trees import read_file

    async def read() -> bytes:
        async with opened() as services:
            return await read_file(services, reference, path)

    sys.stdout.buffer.write(run_async(read()))
    sys.stdout.buffer.flush()


@app.command()
def checkout(
    reference: ReferenceArgument,
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="A folder that is new or empty, or an earlier checkout of the project."),
    ],
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite files that were changed there; commits are kept on a branch.")
    ] = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Write the tree into a folder, as a Git repository with a commit for each generation; all or nothing."""
    from tasks.stored_trees import check_out

    async def write() -> Any:
        async with opened() as services:
            return await check_out(services, reference, folder, force=force)

    written = run_async(write())
    for lost in written.skipped:
        say(
            f"note: The generation of {lost.signature.at:%Y-%m-%d %H:%M} UTC is left out: its tree is no longer stored."
        )
    for branch in written.kept:
        say(f"note: Commits that are no longer on main are on the branch {branch}.")
    facts = {"folder": folder.absolute(), "commit": written.commit, "kept": list(written.kept)}
    print_facts(facts | {"left_out": [lost.execution_id for lost in written.skipped]}, output)


@app.command()
@takes_order
def export(order: ExportOrder) -> None:
    """Publish a stored project; costs no model call, however often it is repeated."""
    from repomill.publishing.targets import ArchiveTarget
    from tasks.publish import publish_to

    destination = order.destination()
    wanted = destination if isinstance(destination, ArchiveTarget) else order.target(destination)
    links_url = ""
    if needs_engine(destination, order.credentials):
        from cli.engine import use_engine

        links_url = use_engine().links_url  # it holds credentials, and serves what is in a folder

    async def run() -> dict[str, Any]:
        access = await load_login(destination, order.credentials)
        async with opened(links_url) as services:
            return await publish_to(services, order.reference, wanted, access)

    print_facts(run_async(run()), order.output)


app.command("policy")(policies.policy)
app.command("release")(policies.release)


def _row(work: Any, found: Any) -> dict[str, Any]:
    return {
        "id": found.id,
        "project": work.projects.get(found.project_id).name,
        "status": found.status.value,
        "files": found.total_files,
        "bytes": found.total_size,
        "execution": found.workflow_execution_id,
        "created": found.created_at,
        "completed": found.completed_at,
    }


def _findings(found: Any) -> list[dict[str, Any]]:
    """Return what the policy found, without the facts that only programs need."""
    return list((found.verdict or {}).get("findings", []))


def _file(file: Any) -> dict[str, Any]:
    return {
        "path": file.file_path,
        "type": file.file_type,
        "bytes": file.file_size,
        "mode": file.mode,
        "sha256": file.content_hash,
    }


def _export(export: Any) -> dict[str, Any]:
    return {
        "export": export.id,
        "type": export.export_type.value,
        "status": export.status.value,
        "to": export.repository_url or export.archive_path,
        "commit": export.commit_sha,
        "error": export.error_message,
    }
