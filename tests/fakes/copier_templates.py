"""Small Copier templates, and what Copier itself makes of them."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from repomill.trees.tree import TreeFile


def write_template(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write a template; files that begin with `#!` may be run."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(0o755 if path.read_bytes().startswith(b"#!") else 0o644)
    return folder


def plain_copy(home: Path, source: str, *options: str) -> set[TreeFile]:
    """Return what `copier copy` writes into a folder called `project`, run in `home`."""
    target = home / "by-copier" / "project"
    command = [sys.executable, "-m", "copier", "copy", "--defaults", "--quiet", *options, source, str(target)]
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "COPIER_CACHE_DIR": str(home / "cache")}
    subprocess.run(command, cwd=home, env=environment, check=True)
    return {_tree_file(path, target) for path in target.rglob("*") if path.is_file()}


def _tree_file(path: Path, folder: Path) -> TreeFile:
    executable = path.stat().st_mode & 0o100
    return TreeFile(path.relative_to(folder).as_posix(), path.read_bytes(), "100755" if executable else "100644")
