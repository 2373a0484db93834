"""`repomill db`: the database's schema."""

import typer

from cli.boundary import load_settings
from cli.output import Format, FormatOption, print_facts, print_rows, say
from repomill.errors import UserActionRequired

app = typer.Typer(help="The database's schema.", no_args_is_help=True)


@app.command()
def upgrade() -> None:
    """Bring the schema to the revision this version needs."""
    from storage.database import schema
    from storage.database.session import Database

    database = Database(load_settings().effective_database_url())
    try:
        schema.upgrade(database)
        say(f"{database.name} is at revision {database.revision()}.")
    finally:
        database.close()


@app.command()
def current(output: FormatOption = Format.TEXT) -> None:
    """Print the schema's revision, and the one this version needs."""
    from storage.database import schema
    from storage.database.session import Database

    database = Database(load_settings().effective_database_url())
    try:
        facts = {"database": database.name, "revision": database.revision(), "wanted": schema.HEAD}
        print_facts(facts, output)
    finally:
        database.close()


@app.command()
def check(output: FormatOption = Format.TEXT) -> None:
    """Look whether the database is what this version needs, and well set up; ends with 3 where it is not."""
    from storage.database.checks import check_database
    from storage.database.session import Database

    database = Database(load_settings().effective_database_url())
    try:
        checked = check_database(database)
    finally:
        database.close()
    rows = [
        {
            "what": found.what,
            "is": "good" if found.is_good else "advice" if found.is_advice else "bad",
            "found": found.found,
        }
        for found in checked
    ]
    print_rows(rows, output, empty="")
    if not all(found.is_good or found.is_advice for found in checked):
        raise typer.Exit(UserActionRequired.exit_code)
