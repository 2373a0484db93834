"""`repomill db`: the database's schema."""

import typer

from cli.boundary import load_settings
from cli.output import Format, FormatOption, print_facts, say

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
