"""`repomill export`: plans of exports, and applying them; `repomill drift`."""

from typing import Annotated, Any

import typer

from cli.export_options import CredentialsOption, ExportOrder, load_login, takes_order
from cli.output import Format, FormatOption, print_facts, print_rows, print_text, say
from cli.services import opened, query, run_async

app = typer.Typer(help="Exports: look at what one would do, then do exactly that.", no_args_is_help=True)

PlanArgument = Annotated[str, typer.Argument(metavar="PLAN", help="Id of a plan, or a unique prefix of it.")]


@app.command()
@takes_order
def plan(order: ExportOrder) -> None:
    """Tell, file by file, what an export would do; nothing is changed."""
    from repomill.errors import ExportTargetInvalid
    from repomill.publishing.targets import ArchiveTarget

    destination = order.destination()
    if isinstance(destination, ArchiveTarget):
        raise ExportTargetInvalid(order.to, "a repository: an archive changes nothing")
    target = order.target(destination)
    _use_engine_for(order.credentials)

    async def run() -> Any:
        from tasks.export_plans import plan_export

        access = await load_login(destination, order.credentials)
        async with opened() as services:
            return await plan_export(services, order.reference, target, access)

    _print(run_async(run()), order.output)


@app.command()
def apply(reference: PlanArgument, credentials: CredentialsOption = "", output: FormatOption = Format.TEXT) -> None:
    """Do exactly what a plan says, or nothing if it does not hold any more."""

    async def target() -> Any:
        from tasks.export_plans import target_of_plan

        async with opened() as services:
            return await target_of_plan(services, reference)

    wanted = run_async(target())
    name = credentials or wanted.credentials
    _use_engine_for(name)

    async def run() -> dict[str, Any]:
        from tasks.export_plans import apply_stored
        from tasks.publish import export_facts

        access = await load_login(wanted, name)
        async with opened() as services:
            return export_facts(await apply_stored(services, reference, access))

    print_facts(run_async(run()), output)


@app.command()
def show(reference: PlanArgument, output: FormatOption = Format.TEXT) -> None:
    """Print a plan again, as it was made."""

    async def run() -> Any:
        from tasks.export_plans import find_plan

        async with opened() as services:
            return await find_plan(services, reference)

    _print(run_async(run()), output)


@app.command("list")
def list_exports(
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    output: FormatOption = Format.TEXT,
) -> None:
    """List exports and the plans that wait, newest first."""
    print_rows(query(lambda work: [_row(found) for found in work.exports.find(limit)]), output, empty="No exports.")


def drift(
    repository: Annotated[str, typer.Argument(metavar="REPO", help="KIND:OWNER/NAME, an address, or an export's id.")],
    credentials: CredentialsOption = "",
    output: FormatOption = Format.TEXT,
) -> None:
    """Tell what people changed in a repository since the last export; asks no model."""

    async def exported_to() -> Any:
        from tasks.drift import last_export
        from tasks.host_exports import target_of

        async with opened() as services:
            return target_of((await last_export(services, repository)).config)

    target = run_async(exported_to())
    name = credentials or target.credentials
    _use_engine_for(name)

    async def run() -> Any:
        from tasks.drift import drift_of

        access = await load_login(target, name)
        async with opened() as services:
            return await drift_of(services, repository, access)

    found = run_async(run())
    if output is Format.JSON:
        print_facts(found.to_json(), output)
        return
    kinds = {"edited": found.edited, "missing": found.missing, "extra": found.extra}
    rows = [{"file": path, "what": kind} for kind, paths in kinds.items() for path in paths]
    print_rows(rows, output, empty="Nobody changed anything.")
    say(f"{len(found.unchanged)} files are unchanged.")


def _use_engine_for(credentials: str) -> None:
    if credentials:
        from cli.engine import use_engine

        use_engine()


def _print(stored: Any, output: Format) -> None:
    from repomill.publishing.planning.texts import plan_text
    from tasks.export_plans import plan_facts

    if output is Format.JSON:
        print_facts(plan_facts(stored), output)
        return
    print_text(plan_text(stored.plan))
    say(stored.applying.sentence())
    say(f"then:  repomill export apply {stored.id}")


def _row(export: Any) -> dict[str, Any]:
    return {
        "export": export.id,
        "project": export.repository_name,
        "type": export.export_type.value,
        "status": export.status.value,
        "to": export.repository_url or export.archive_path or export.config.get("url", ""),
        "commit": (export.commit_sha or "")[:12],
        "request": export.config.get("request", ""),
        "error": export.error_message,
    }
