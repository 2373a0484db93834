"""`repomill limit`: how much the organisation may have."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from cli.output import Format, FormatOption, print_rows, say
from cli.services import query

app = typer.Typer(help="What bounds the organisation.", no_args_is_help=True)


@app.command()
def show(output: FormatOption = Format.TEXT) -> None:
    """Print limits and what is used of each."""

    def rows(work: Any) -> list[dict[str, Any]]:
        limits, used = asdict(work.limits.get()), asdict(work.limits.used())
        return [{"what": name, "limit": limits[name], "used": used[name]} for name in limits]

    print_rows(query(rows), output, empty="Nothing is bounded.")


@app.command("set")
def set_limits(
    projects: Annotated[int | None, typer.Option(min=0, help="Projects.")] = None,
    runs_a_day: Annotated[int | None, typer.Option(min=0, help="Runs begun in a day (UTC).")] = None,
    storage_bytes: Annotated[int | None, typer.Option(min=0, help="Bytes of all files of stored trees.")] = None,
    files: Annotated[int | None, typer.Option(min=0, help="Files of stored trees.")] = None,
) -> None:
    """Set all limits; one that is not named is taken away."""
    from storage.database.repositories.limits import Bounds

    query(lambda work: work.limits.set(Bounds(projects, runs_a_day, storage_bytes, files)))
    say("The limits are set.")
