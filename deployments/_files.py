"""Small files that other processes read at any moment."""

import os
from collections import deque
from pathlib import Path


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old text or the new one, never half of it."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def last_line(log: Path) -> str:
    """Return the last line of a log that says something; empty when there is none."""
    try:
        with log.open(encoding="utf-8", errors="replace") as lines:
            tail = deque((line.strip() for line in lines if line.strip()), maxlen=1)
    except FileNotFoundError:
        return ""
    return tail[0] if tail else ""
