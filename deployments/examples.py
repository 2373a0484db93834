"""The examples that come with the application."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The checkout; Repomill is installed editable from it."""


def example_folder(name: str) -> Path:
    """Return the folder of an example."""
    return ROOT / "examples" / name
