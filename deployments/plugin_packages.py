"""New plug-in packages, rendered from the example."""

import re
from pathlib import Path

from deployments.examples import example_folder
from repomill.errors import DestinationExists, PluginNameInvalid
from repomill.nodes.registry import kinds
from repomill.trees.rendering import render_folder
from repomill.trees.tree import File, TreeFile
from repomill.workflow.spec import NODE_ID


def new_plugin(name: str, folder: Path | None = None) -> list[Path]:
    """Write a package with a node kind, a tool, their tests and a workflow; return its files.

    Args:
        name: of the node kind and the tool, `jira_ticket`.
        folder: where to, new or empty; `repomill-NAME` in the current folder without it.

    Raises:
        PluginNameInvalid: it is not a name, or a node kind has it.
        DestinationExists: the folder holds something.
    """
    _check_name(name)
    package = f"repomill-{name.replace('_', '-')}"
    folder = folder or Path(package)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DestinationExists(str(folder))
    title = "".join(part.capitalize() for part in name.split("_"))
    scope = {"name": name, "package": package, "module": package.replace("-", "_"), "title": title}
    return [_write(folder, file) for file in render_folder(_templates(), scope, "plugin")]


def _check_name(name: str) -> None:
    if not re.fullmatch(NODE_ID, name):
        raise PluginNameInvalid(name, "it is not lower case letters, digits and underscores, a letter first")
    if name in kinds():
        raise PluginNameInvalid(name, "there is one of this name")


def _templates() -> list[TreeFile]:
    root = example_folder("plugin") / "templates"
    paths = sorted(path for path in root.rglob("*.j2") if path.is_file())
    return [TreeFile(path.relative_to(root).as_posix(), path.read_bytes()) for path in paths]


def _write(folder: Path, file: File) -> Path:
    path = folder / file.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file.content)
    return path
