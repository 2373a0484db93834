"""`repomill run` and `repomill demo`."""

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.boundary import load_settings
from cli.output import Format, FormatOption, say
from cli.services import opened, run_async
from repomill.calls.ledger import LedgerMode
from repomill.errors import GitMissing, RepomillError

if TYPE_CHECKING:
    from cli.launch import Launch

DEMO_NAME = "flagpost"


def run(  # noqa: PLR0913, PLR0917  # the options of the command
    workflow: Annotated[
        str, typer.Argument(metavar="SPEC|WORKFLOW", help="A specification file, or a stored workflow.")
    ],
    given: Annotated[
        list[str] | None, typer.Option("--input", metavar="KEY=VALUE", help="One input; may be repeated.")
    ] = None,
    inputs: Annotated[Path | None, typer.Option(help="JSON or YAML file of inputs.")] = None,
    project: Annotated[str, typer.Option(help="Project the result belongs to; the workflow's name by default.")] = "",
    mode: Annotated[LedgerMode, typer.Option(help="Where model answers come from.")] = LedgerMode.LIVE,
    recordings: Annotated[Path | None, typer.Option(help="Folder of recorded model answers.")] = None,
    mock: Annotated[bool, typer.Option("--mock", help="Nodes that have a `mock` answer with it.")] = False,
    deployment: Annotated[bool, typer.Option("--deployment", help="Run it on a worker and follow it.")] = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Run a workflow in this process, or on a worker, and follow it to its end."""
    from tasks.admission import Admission, admit

    async def admitted() -> "Launch":
        from cli.launch import Launch

        async with opened() as services:
            wanted = Admission(workflow, tuple(given or ()), inputs, project, mode, recordings, mock)
            execution = await admit(services, wanted)
            return Launch.of(execution)

    execution = run_async(admitted())  # bad input is said before anything is started
    from cli.engine import use_engine

    try:
        stack = use_engine()
    except RepomillError:
        say(f"Execution {execution.execution_id} is stored; `repomill execution resume latest` runs it after this:")
        raise
    from cli.launch import launch

    launch(execution, stack, on_worker=deployment, output=output)


def demo(
    live: Annotated[bool, typer.Option("--live", help="Ask a real model; needs OPENAI_API_KEY.")] = False,
    model: Annotated[str, typer.Option(help="Model to ask with --live.")] = "",
    output: FormatOption = Format.TEXT,
) -> None:
    """Generate, archive and push the example project; needs no key and no service."""
    from deployments.examples import example_folder

    settings = load_settings()
    remote = settings.home.resolve() / "demo" / f"{DEMO_NAME}.git"
    if not remote.exists():
        if shutil.which("git") is None:
            raise GitMissing
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(remote)], check=True)
    example = example_folder("service")
    given = [f"remote_url={remote.as_uri()}"] + ([f"model={model}"] if model else [])
    mode, recordings = (LedgerMode.LIVE, None) if live else (LedgerMode.STRICT, example / "recordings")
    if not live:
        say("Model answers are replayed from a recording; `repomill demo --live` asks a model.")
    run(
        str(example / "workflow.yaml"),
        given=given,
        project=DEMO_NAME,
        mode=mode,
        recordings=recordings,
        output=output,
    )
