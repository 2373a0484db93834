"""`repomill storage`: whether database and artefact store agree."""

import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from cli.output import Format, FormatOption, print_rows
from cli.services import opened, run_async

app = typer.Typer(help="Whether database and artefact store agree.", no_args_is_help=True)


@app.command()
def check(
    repair: Annotated[
        bool, typer.Option("--repair", help="Remove objects without rows; close exports without archives.")
    ] = False,
    grace: Annotated[float, typer.Option(min=0, metavar="HOURS", help="Leave objects alone that are younger.")] = 24,
    output: FormatOption = Format.TEXT,
) -> None:
    """List rows whose objects are gone, and objects that no row names; exit code 3 when something is left to do."""
    from tasks.storage_check import check_storage

    async def look() -> list[dict[str, Any]]:
        async with opened() as services:
            walk = check_storage(services, datetime.now(UTC), repair=repair, grace=timedelta(hours=grace))
            return [asdict(found) async for found in walk]

    rows = run_async(look())
    print_rows(rows, output, empty="Database and artefact store agree.")
    sys.exit(0 if all(row["repaired"] for row in rows) else 3)
