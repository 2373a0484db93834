"""Small pieces of Markdown."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

LONGEST_TREE = 400
"""Lines of a file tree; what follows is counted, not drawn."""


def human_size(size: int) -> str:
    """Return bytes as people read them."""
    amount = float(size)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def code(text: str) -> str:
    """Return text as inline code, whatever is in it (CommonMark 0.31, section 6.1)."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {text} {fence}" if longest else f"`{text}`"


def file_tree(paths: Sequence[str]) -> list[str]:
    """Draw paths as a tree, folders before files."""
    root: dict[str, Any] = {}
    for path in paths:
        folder = root
        for part in path.split("/"):
            folder = folder.setdefault(part, {})
    lines = list(_drawn(root, ""))
    left_out = len(lines) - LONGEST_TREE
    return lines if left_out <= 0 else [*lines[:LONGEST_TREE], f"… and {left_out} more lines"]


def _drawn(folder: dict[str, Any], indent: str) -> Iterator[str]:
    names = sorted(folder, key=lambda name: (not folder[name], name))
    for name in names:
        is_last = name == names[-1]
        yield f"{indent}{'└── ' if is_last else '├── '}{name}{'/' if folder[name] else ''}"
        yield from _drawn(folder[name], indent + ("    " if is_last else "│   "))
