"""`repomill node`: node kinds, and plug-ins that add more."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.output import Format, FormatOption, print_rows, say

if TYPE_CHECKING:
    from repomill.plugins import BrokenPlugin

app = typer.Typer(help="Node kinds, and plug-ins that add more.", no_args_is_help=True)


@app.command("list")
def list_kinds(output: FormatOption = Format.TEXT) -> None:
    """List the node kinds and tools that specifications can use, and what came with a plug-in."""
    from repomill.nodes.registry import registered as node_kinds
    from repomill.tools.registry import registered as tools

    kinds, found_tools = node_kinds(), tools()
    rows = [*_rows("node", kinds.found), *_rows("tool", found_tools.found)]
    print_rows(rows, output, empty="There is nothing.")
    for broken in dict.fromkeys((*kinds.broken, *found_tools.broken)):
        _warn(broken)


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the node kind and the tool: lower_case.")],
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="A folder that is new or empty.")] = None,
) -> None:
    """Write a plug-in package: a node kind, a tool, their tests, and a workflow that uses them."""
    from deployments.plugin_packages import new_plugin

    written = new_plugin(name, folder)
    root = next(path.parent for path in written if path.name == "pyproject.toml")
    say(f"Wrote {root}. Next: pip install --no-deps {root}, then repomill node list")


def _rows(what: str, found: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "what": what,
            "version": each.version,
            "from": each.package or "built in",
            "does": (type(each).__doc__ or "").partition("\n")[0],
        }
        for name, each in found.items()
    ]


def _warn(broken: "BrokenPlugin") -> None:
    say(f"warning: entry point {broken.entry_point} of {broken.package} is not used: {broken.reason}")
