"""`repomill retention`: how long things are kept, and their removal."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.output import Format, FormatOption, print_facts, print_rows, say
from cli.services import opened, run_async

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tasks.services import Services

app = typer.Typer(help="How long things are kept, and their removal.", no_args_is_help=True)

ProjectArgument = Annotated[str, typer.Argument(metavar="PROJECT", help="Name of a project.")]
ReferenceArgument = Annotated[
    str, typer.Argument(metavar="ID", help="Generated project: id, unique prefix of an id, or `latest`.")
]
ReasonOption = Annotated[str, typer.Option(help="Why, for those who look at it later.")]
NEVER = "never"


def _days(text: str) -> str:
    if text != NEVER and not text.isdecimal():
        raise typer.BadParameter(f"{text!r} is neither a number of days nor `{NEVER}`")
    return text


def _age(help_text: str) -> Any:
    return typer.Option(parser=_days, metavar="DAYS", help=f"{help_text}; or `{NEVER}`.")


@app.command()
def plan(output: FormatOption = Format.TEXT) -> None:
    """Print exactly what a run would remove now, and how many bytes; changes nothing."""
    _walk(output, dry_run=True)


@app.command()
def run(output: FormatOption = Format.TEXT) -> None:
    """Archive old trees and remove what is older than the rules allow; safe to stop, and to run twice at once."""
    _walk(output, dry_run=False)


@app.command("set")
def set_(  # noqa: PLR0913, PLR0917  # options of one command
    project: Annotated[str, typer.Argument(metavar="[PROJECT]", help="Name of a project; none for all others.")] = "",
    active: Annotated[str | None, _age("Until a completed tree is archived")] = None,
    archived: Annotated[str | None, _age("Until the files of an archived tree go")] = None,
    exports: Annotated[str | None, _age("Until the archive of an export goes")] = None,
    failed_exports: Annotated[str | None, _age("Until a failed export is closed")] = None,
    results: Annotated[str | None, _age("Until results of nodes go")] = None,
    calls: Annotated[str | None, _age("Until recorded requests and answers go")] = None,
    events: Annotated[str | None, _age("Until events go")] = None,
    flow_runs: Annotated[str | None, _age("Until Prefect's own flow runs go")] = None,
    memories: Annotated[str | None, _age("Until conversations that nobody goes on with go")] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Forget what was set before.")] = False,
) -> None:
    """Set ages in days; what a project does not state follows the common rules."""
    from tasks.retention_rules import set_rules

    given = {
        "active_days": active,
        "archived_days": archived,
        "exports_days": exports,
        "failed_exports_days": failed_exports,
        "results_days": results,
        "calls_days": calls,
        "events_days": events,
        "flow_runs_days": flow_runs,
        "memories_days": memories,
    }
    stated = {name: None if text == NEVER else int(text) for name, text in given.items() if text is not None}
    if not stated and not reset:
        raise typer.BadParameter("name at least one age, or --reset")
    _do(lambda services: set_rules(services, project, stated, reset=reset))
    say("The rules are set.")


@app.command()
def show(output: FormatOption = Format.TEXT) -> None:
    """Print the rules in force, of all projects and of those with their own; ages are in days."""
    from tasks.retention_rules import show_rules

    print_rows(_do(show_rules), output, empty="")


@app.command()
def marks(output: FormatOption = Format.TEXT) -> None:
    """Print pins and legal holds."""
    from tasks.retention_rules import show_marks

    print_rows(_do(show_marks), output, empty="Nothing is pinned or held.")


@app.command()
def pin(reference: ReferenceArgument, reason: ReasonOption = "") -> None:
    """Keep a generated project and its exports as they are."""
    from tasks import retention_rules

    say(f"Project {_do(lambda services: retention_rules.pin(services, reference, reason))} is pinned.")


@app.command()
def unpin(reference: ReferenceArgument) -> None:
    """Let a generated project grow old again."""
    from tasks import retention_rules

    was = _do(lambda services: retention_rules.unpin(services, reference))
    say("The pin is taken away." if was else "It was not pinned.")


@app.command()
def hold(project: ProjectArgument, reason: ReasonOption = "") -> None:
    """Put a project under a legal hold: nothing of it is removed."""
    from tasks import retention_rules

    _do(lambda services: retention_rules.hold(services, project, reason))
    say(f"Project {project} is held.")


@app.command("end-hold")
def end_hold(project: ProjectArgument) -> None:
    """End a project's legal hold."""
    from tasks import retention_rules

    was = _do(lambda services: retention_rules.end_hold(services, project))
    say("The hold is ended." if was else "It was not held.")


def _walk(output: Format, *, dry_run: bool) -> None:
    from tasks.retention import Removal, RetentionRun
    from tasks.retention_notes import notes, removal_rows

    async def walk(services: "Services") -> tuple[list[Removal], list[str]]:
        found = RetentionRun(services, datetime.now(UTC), dry_run)
        return [removal async for removal in found.walk()], notes(found)

    removals, said = _do(walk)
    total = sum(removal.bytes for removal in removals)
    if output is Format.JSON:
        rows = [
            row | {"objects": list(each.objects)} for row, each in zip(removal_rows(removals), removals, strict=True)
        ]
        print_facts({"dry_run": dry_run, "bytes": total, "removals": rows, "notes": said}, output)
        return
    print_rows(removal_rows(removals), output, empty="Nothing is old enough.")
    for line in said:
        say(f"note: {line}")
    say(f"{len(removals)} removals, {total} bytes {'would go' if dry_run else 'went'}.")


def _do(work: "Callable[[Services], Awaitable[Any]]") -> Any:
    async def act() -> Any:
        async with opened() as services:
            return await work(services)

    return run_async(act())
