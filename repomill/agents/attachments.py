"""Files that an agent is shown beside its prompt: texts, and images for models that see."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from repomill.errors import AttachmentRefused
from repomill.trees.tree import File

IMAGE_TOKENS = 50_000
"""More than any model counts for one image: gpt-4o-mini, which counts most, comes to 48,169."""

MOST_FILES = 100
MOST_BYTES = 20 * 1024 * 1024

_IMAGES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file; `media_type` is that of an image, "" of a text."""

    path: str
    content: bytes = field(repr=False)
    media_type: str = ""


def attachments(node: str, files: Sequence[File], patterns: Sequence[str]) -> Iterator[Attachment]:
    """Yield the files that a pattern matches, as Git reads patterns, in order of path; without patterns all.

    Raises:
        AttachmentRefused: a file is neither a text nor an image; or a pattern matches nothing.
    """
    from pathspec import GitIgnoreSpec

    spec = GitIgnoreSpec.from_lines(patterns or ["*"], backend="simple")
    found = [file for file in files if spec.match_file(file.path)]
    if patterns and not found:
        raise AttachmentRefused(node, ", ".join(patterns), "no file of the node is called so")
    for file in sorted(found, key=lambda each: each.path):
        yield _attachment(node, file)


def checked(node: str, found: Iterable[Attachment]) -> tuple[Attachment, ...]:
    """Return them; raises `AttachmentRefused` when they are more than an agent may be shown."""
    kept, size = [], 0
    for each in found:
        kept.append(each)
        size += len(each.content)
        if len(kept) > MOST_FILES or size > MOST_BYTES:
            reason = f"an agent is shown {MOST_FILES} files and {MOST_BYTES} bytes at most"
            raise AttachmentRefused(node, each.path, reason)
    return tuple(kept)


def _attachment(node: str, file: File) -> Attachment:
    content = file.content
    if image := image_type(content):
        return Attachment(file.path, content, image)
    try:
        content.decode()
    except UnicodeDecodeError as error:
        raise AttachmentRefused(
            node, file.path, "it is neither UTF-8 text nor a PNG, JPEG, GIF or WebP image"
        ) from error
    return Attachment(file.path, content)


def image_type(content: bytes) -> str:
    """Return the media type of an image by how it begins; "" for anything else."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((media_type for begin, media_type in _IMAGES.items() if content.startswith(begin)), "")
