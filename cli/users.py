"""`repomill user`: who belongs to the organisation, and what each may do."""

from typing import Annotated, Any

import typer

from cli.output import Format, FormatOption, print_rows, say
from cli.services import query
from repomill.roles import PERMISSIONS, Role

app = typer.Typer(help="Users of the organisation and their roles.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of the user.")]


@app.command("list")
def list_users(output: FormatOption = Format.TEXT) -> None:
    """List users, their roles, and what these permit."""

    def rows(work: Any) -> list[dict[str, Any]]:
        return [
            {"user": user.name, "email": user.email, "role": role.value, "may": ", ".join(sorted(PERMISSIONS[role]))}
            for user, role in work.users.list()
        ]

    print_rows(query(rows), output, empty="There is no user.")


@app.command()
def add(
    name: NameArgument,
    role: Annotated[Role, typer.Option(help="What the user may do.")] = Role.PUBLISHER,
    email: Annotated[str | None, typer.Option(help="Address of the user.")] = None,
) -> None:
    """Add a user; REPOMILL_ACTING_USER names who acts."""
    query(lambda work: work.users.add(name, email, role))
    say(f"{name} is a {role.value} now.")


@app.command("role")
def set_role(
    name: NameArgument, role: Annotated[Role, typer.Argument(metavar="ROLE", help="viewer, runner, publisher, admin.")]
) -> None:
    """Change what a user may do."""
    query(lambda work: work.users.set_role(name, role))
    say(f"{name} is a {role.value} now.")
