"""What a stored template folder reads, recorded with its workflow version: a run need not read the folder to know."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from repomill.errors import ExpressionFailed, RenderingTooLarge
from repomill.trees.folder_reads import folder_reads, reads_version
from repomill.trees.pack import packed_files
from repomill.trees.references import Path as Reads


def recorded_reads(pack: Path, folder: str) -> dict[str, Any]:
    """Return what the version records of a pack; nothing for a folder whose templates cannot be parsed."""
    with pack.open("rb") as source:
        try:
            reads = sorted([*map(str, path)] for path in folder_reads(packed_files(source), folder))
        except (ExpressionFailed, RenderingTooLarge):  # the run says so, with the node that renders it
            return {}
    return {"reads": {"version": reads_version(), "paths": reads}}


def known_reads(templates: Mapping[str, Mapping[str, Any]]) -> dict[str, frozenset[Reads]]:
    """Return what is recorded, by folder; what another version of this program found out is not taken."""
    recorded = {folder: stored["reads"] for folder, stored in templates.items() if "reads" in stored}
    return {
        folder: frozenset(tuple(path) for path in reads["paths"])
        for folder, reads in recorded.items()
        if reads["version"] == reads_version()
    }
