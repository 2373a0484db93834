"""`repomill credentials`: what lets exports in."""

from typing import Annotated, Any

import typer

from cli.output import Format, FormatOption, print_facts
from cli.services import opened, run_async

app = typer.Typer(help="Credentials of Git hosts; they are kept in Prefect blocks.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Credentials of Git hosts; they are kept in Prefect blocks."""


@app.command()
def rotate(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="Kind of host: github, gitlab, gitea or git.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Block that workflows and exports name.")],
    replacement: Annotated[str, typer.Argument(metavar="NEW", help="Block of the new ones; removed afterwards.")],
    output: FormatOption = Format.TEXT,
) -> None:
    """Check new credentials, put them in the place of old ones, and tell what used those."""
    from cli.engine import use_engine

    use_engine()

    async def run() -> dict[str, Any]:
        from tasks.rotation import rotate

        async with opened() as services:
            return (await rotate(services, kind, name, replacement)).facts()

    print_facts(run_async(run()), output)
