"""The names of commands and options: they are fixed, scripts rely on them."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer

from cli.main import app

FORMAT = {"--format"}
_REQUEST = {"--request", "--label", "--reviewer", "--draft"}
_REPOSITORY = {"--host", "--mode", "--rule", "--visibility", "--protect", "--on-failure"}
EXPORT = {"--to", "--branch", "--message", "--credentials"} | _REQUEST | _REPOSITORY | FORMAT

COMMANDS: dict[str, set[str]] = {
    "demo": {"--live", "--model"} | FORMAT,
    "init": set(),
    "doctor": FORMAT,
    "up": FORMAT,
    "down": set(),
    "run": {"--input", "--inputs", "--project", "--mode", "--recordings", "--mock", "--deployment"} | FORMAT,
    "workflow validate": FORMAT | {"--bound"},
    "workflow schema": FORMAT,
    "workflow graph": FORMAT,
    "workflow add": FORMAT,
    "workflow list": FORMAT,
    "workflow show": FORMAT,
    "node list": FORMAT,
    "node new": set(),
    "execution list": {"--limit"} | FORMAT,
    "execution show": {"--all"} | FORMAT,
    "execution logs": {"--follow", "--after", "--all"} | FORMAT,
    "execution graph": FORMAT,
    "execution calls": FORMAT,
    "execution replay": FORMAT,
    "execution bundle export": FORMAT,
    "execution bundle import": FORMAT,
    "execution cancel": set(),
    "execution resume": {"--spec", "--deployment"} | FORMAT,
    "call show": FORMAT,
    "project list": {"--limit"} | FORMAT,
    "project show": FORMAT,
    "project files": FORMAT,
    "project cat": set(),
    "project checkout": {"--force"} | FORMAT,
    "project export": EXPORT,
    "credentials rotate": FORMAT,
    "export plan": EXPORT,
    "export apply": {"--credentials"} | FORMAT,
    "export show": FORMAT,
    "export list": {"--limit"} | FORMAT,
    "drift": {"--credentials"} | FORMAT,
    "project policy": {"--set", "--reset"},
    "project release": set(),
    "budget set": {"--period", "--cost", "--calls", "--tokens", "--remove"},
    "budget show": FORMAT,
    "costs": {"--by", "--since", "--csv"} | FORMAT,
    "source discover": {"--credentials", "--host"} | FORMAT,
    "source check": FORMAT,
    "source list": FORMAT,
    "source show": {"--page"} | FORMAT,
    "retention plan": FORMAT,
    "retention run": FORMAT,
    "retention set": {"--reset"}
    | {f"--{each}" for each in ("active", "archived", "exports", "failed-exports", "results", "calls", "events")}
    | {"--flow-runs", "--memories"},
    "retention show": FORMAT,
    "retention marks": FORMAT,
    "retention pin": {"--reason"},
    "retention unpin": set(),
    "retention hold": {"--reason"},
    "retention end-hold": set(),
    "storage check": {"--repair", "--grace"} | FORMAT,
    "db upgrade": set(),
    "user list": FORMAT,
    "user add": {"--role", "--email"},
    "user role": set(),
    "limit show": FORMAT,
    "limit set": {"--projects", "--runs-a-day", "--storage-bytes", "--files"},
    "memory list": FORMAT,
    "memory show": FORMAT,
    "memory export": set(),
    "memory reset": set(),
    "db current": FORMAT,
    "db check": FORMAT,
}


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield every command by its words; groups have `commands`."""
    if not hasattr(command, "commands"):
        yield " ".join(path), command
        return
    for name, inner in command.commands.items():
        yield from leaves(inner, (*path, name))


FOUND = dict(leaves(typer.main.get_command(app)))


def test_these_are_all_the_commands() -> None:
    assert FOUND.keys() == COMMANDS.keys()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_these_options(name: str) -> None:
    options = {flag for parameter in FOUND[name].params for flag in parameter.opts if flag.startswith("--")}
    assert options - {"--help"} == COMMANDS[name]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_says_what_it_does(name: str) -> None:
    assert FOUND[name].help
    assert all(parameter.help for parameter in FOUND[name].params if parameter.opts[0].startswith("--"))
