"""What a template folder reads of the scope, known without rendering it."""

from collections.abc import Sequence

from repomill.trees._budget import Limits
from repomill.trees._folder import is_heavy
from repomill.trees._folder_reads import file_reads
from repomill.trees._worker_pool import results_of_workers
from repomill.trees._worker_protocol import Reading
from repomill.trees.references import Path
from repomill.trees.tree import TreeFile


def folder_reads(files: Sequence[TreeFile], place: str) -> frozenset[Path]:
    """Return the first two parts of the paths that a folder's templates, and what they may include, read.

    Raises:
        ExpressionFailed, RenderingTooLarge: a file cannot be parsed within the bounds; the place is `place/path`.
    """
    templates = [file for file in files if "{" in file.path or b"{" in file.content]
    if is_heavy(templates):
        found = results_of_workers(templates, Reading(place, Limits()), {file.path: file.content for file in files}.get)
    else:
        found = [file_reads(file, place) for file in templates]
    return frozenset().union(*found)
