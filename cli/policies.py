"""`repomill project policy` and `release`: what a project's trees may hold, and letting a blocked one go."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.output import print_text, say
from cli.services import opened, run_async

ProjectArgument = Annotated[str, typer.Argument(metavar="PROJECT", help="Name of a project.")]


def policy(
    project: ProjectArgument,
    file: Annotated[Path | None, typer.Option("--set", metavar="FILE", help="Take this JSON or YAML policy.")] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Go back to the defaults.")] = False,
) -> None:
    """Print the policy of a project's trees as JSON, after changing it where asked to."""
    from tasks.policies import read_policy, set_policy, show_policy

    wanted = None if file is None else read_policy(file)

    async def run() -> str:
        async with opened() as services:
            if wanted is not None or reset:
                await set_policy(services, project, wanted)
            return await show_policy(services, project)

    print_text(run_async(run()))


def release(
    reference: Annotated[str, typer.Argument(metavar="ID", help="Id of a blocked generated project.")],
) -> None:
    """Check a blocked project under the policy of now, and let it go if nothing is in the way; asks no model."""
    from tasks.release import release as release_project

    async def run() -> Any:
        async with opened() as services:
            return await release_project(services, reference)

    found = run_async(run())
    say(f"Project {found.id} is completed and can be exported.")
