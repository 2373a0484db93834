"""`repomill execution bundle` and `repomill execution replay`: recorded runs, here and elsewhere."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.output import Format, FormatOption, print_facts, say
from cli.services import opened, query, run_async

app = typer.Typer(help="Executions in one file, to be replayed anywhere.", no_args_is_help=True)

ReferenceArgument = Annotated[str, typer.Argument(metavar="EXECUTION", help="Id, unique prefix of an id, or `latest`.")]


@app.command("export")
def export_bundle(
    reference: ReferenceArgument,
    file: Annotated[Path, typer.Argument(help="File to write.")],
    output: FormatOption = Format.TEXT,
) -> None:
    """Write specification, templates, inputs and recorded calls of an execution into one file; never a secret."""
    from cli.known_secrets import known_secrets, reachable_engine

    is_reachable = reachable_engine()
    from tasks import bundle_export

    async def export() -> Any:
        async with opened() as services:
            secrets = await known_secrets(services, reference, with_blocks=is_reachable)
            return await bundle_export.export_bundle(services, reference, file, secrets)

    contents = run_async(export())
    if not is_reachable:
        say("No Prefect API is running: it was not checked whether a key of a block is in it.")
    print_facts({"bundle": file.absolute()} | _facts(contents), output)


@app.command("import")
def import_bundle(
    file: Annotated[Path, typer.Argument(help="A file that `bundle export` wrote.")],
    output: FormatOption = Format.TEXT,
) -> None:
    """Verify a bundle and store what it holds; `repomill execution replay` runs it."""
    from tasks.replays import import_bundle as take_in

    async def run() -> Any:
        async with opened() as services:
            return await take_in(services, file)

    execution, contents = run_async(run())
    print_facts({"execution": execution.id} | _facts(contents), output)
    say(f"then:  repomill execution replay {execution.id}")


def replay(reference: ReferenceArgument, output: FormatOption = Format.TEXT) -> None:
    """Run an execution again from its recorded answers alone, publish nothing, and compare the trees."""
    from cli.engine import use_engine
    from cli.known_secrets import known_secrets
    from tasks.replays import replay_execution

    async def admit() -> Any:
        async with opened() as services:
            secrets = await known_secrets(services, reference, with_blocks=False)
            return await replay_execution(services, reference, secrets)

    execution, tree = run_async(admit())  # what cannot be replayed is told before anything is started
    stack = use_engine()
    from cli.launch import Launch, launch

    launch(Launch.of(execution, publish=False), stack, on_worker=False, output=output)
    _compare(execution.id, tree)


def _compare(execution: Any, recorded: str | None) -> None:
    project = query(lambda work: work.generated_projects.of_execution(execution))
    found = project.tree_digest if project is not None else None
    if found != recorded:
        say(f"error: the tree is another one: {recorded or 'none'} was recorded, {found or 'none'} came now")
        sys.exit(1)
    say("The tree is the one that was recorded." if found else "Neither run made a tree.")


def _facts(contents: Any) -> dict[str, Any]:
    return {
        "workflow": contents.workflow,
        "recorded": contents.execution,
        "status": contents.status,
        "tree": contents.tree_digest,
        "calls": sum(path.startswith("calls/") for path in contents.files),
        "templates": len(contents.templates),
    }
