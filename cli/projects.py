"""`repomill project`: generated projects, their files and exports."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cli import policies
from cli.export_options import (
    BranchOption,
    CredentialsOption,
    DraftOption,
    HostOption,
    LabelOption,
    MessageOption,
    ModeOption,
    OnFailureOption,
    ProtectOption,
    RequestOption,
    ReviewerOption,
    RuleOption,
    ToOption,
    VisibilityOption,
    host_options,
    load_login,
    needs_engine,
    require_login,
)
from cli.output import Format, FormatOption, print_facts, print_rows, say
from cli.services import opened, query, run_async
from repomill.publishing.hosts.port import Visibility
from repomill.publishing.options import OnFailure, RequestUse

app = typer.Typer(help="Generated projects: their files, archives and pushes.", no_args_is_help=True)

ReferenceArgument = Annotated[str, typer.Argument(metavar="ID", help="Id, unique prefix of an id, or `latest`.")]


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
def export(  # noqa: PLR0913, PLR0917  # the options of the command
    reference: ReferenceArgument,
    to: ToOption,
    branch: BranchOption = "main",
    message: MessageOption = "",
    credentials: CredentialsOption = "",
    host: HostOption = "",
    mode: ModeOption = None,
    rule: RuleOption = None,
    request: RequestOption = RequestUse.AUTO,
    label: LabelOption = None,
    reviewer: ReviewerOption = None,
    draft: DraftOption = False,
    visibility: VisibilityOption = Visibility.PRIVATE,
    protect: ProtectOption = False,
    on_failure: OnFailureOption = OnFailure.KEEP,
    output: FormatOption = Format.TEXT,
) -> None:
    """Publish a stored project; costs no model call, however often it is repeated."""
    from dataclasses import replace

    from repomill.publishing.targets import ArchiveTarget, parse_destination
    from tasks.publish import export_target, publish_to

    target = parse_destination(to, branch)
    require_login(target, credentials)
    options = host_options(
        rule,
        label,
        reviewer,
        host=host,
        mode=mode,
        request=request,
        draft=draft,
        visibility=visibility,
        protect=protect,
        on_failure=on_failure,
    )
    wanted: Any = target
    if not isinstance(target, ArchiveTarget):
        wanted = replace(export_target(target, options), message=message, credentials=credentials)
    links_url = ""
    if needs_engine(target, credentials):
        from cli.engine import use_engine

        links_url = use_engine().links_url  # it holds credentials, and serves what is in a folder

    async def run() -> dict[str, Any]:
        access = await load_login(target, credentials)
        async with opened(links_url) as services:
            return await publish_to(services, reference, wanted, access)

    print_facts(run_async(run()), output)


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
