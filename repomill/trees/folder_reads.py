"""What a template folder reads of the scope, known without rendering it."""

from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path

from repomill.canonical import digest_bytes
from repomill.trees import _folder_reads, _name_tracking
from repomill.trees._budget import Limits
from repomill.trees._folder import contents_of, is_heavy
from repomill.trees._folder_reads import file_reads
from repomill.trees._worker_pool import results_of_workers
from repomill.trees._worker_protocol import Reading
from repomill.trees.references import Path as Reads
from repomill.trees.tree import File


@cache
def reads_version() -> str:
    """Return what changes whenever a folder could be found to read something else."""
    ours = b"".join(Path(module.__file__ or "").read_bytes() for module in (_name_tracking, _folder_reads))
    return f"{version('jinja2')}-{digest_bytes(ours)[7:15]}"


def folder_reads(files: Sequence[File], place: str) -> frozenset[Reads]:
    """Return the first two parts of the paths that a folder's templates, and what they may include, read.

    Raises:
        ExpressionFailed, RenderingTooLarge: a file cannot be parsed within the bounds; the place is `place/path`.
    """
    templates = [file for file in files if "{" in file.path or b"{" in file.content]
    if is_heavy(templates):
        found = results_of_workers(templates, Reading(place, Limits()), contents_of(files))
    else:
        found = (file_reads(file, place) for file in templates)
    return frozenset().union(*found)
