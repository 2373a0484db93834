"""Files that an agent is shown beside its prompt: texts, PDF documents, and images for models that see."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from repomill.agents.pdf import LIMITS, PDF, PdfLimits, PdfSize, pdf_size
from repomill.errors import AttachmentRefused
from repomill.trees.tree import File

IMAGE_TOKENS = 50_000
"""More than any model counts for one image: gpt-4o-mini, which counts most, comes to 48,169."""

MOST_FILES = 100
"""Each page of a PDF counts as one: 100 is what Anthropic takes in a request to models of 200,000 tokens."""
MOST_BYTES = 20 * 1024 * 1024

_TYPES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"%PDF-": PDF,
}


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file; `media_type` is that of an image or a PDF, "" of a text."""

    path: str
    content: bytes = field(repr=False)
    media_type: str = ""
    pdf: PdfSize | None = None
    """What was found in a PDF."""

    @property
    def pictures(self) -> int:
        """How many images a provider makes of it; of a PDF one for each page."""
        return self.pdf.pages if self.pdf else bool(self.media_type)

    @property
    def most_tokens(self) -> int:
        """The most tokens it comes to, but for a text, whose bytes are counted where it is sent."""
        return IMAGE_TOKENS * self.pictures + (self.pdf.text_tokens if self.pdf else 0)


def attachments(node: str, files: Sequence[File], patterns: Sequence[str]) -> Iterator[Attachment]:
    """Yield the files that a pattern matches, as Git reads patterns, in order of path; without patterns all.

    Raises:
        AttachmentRefused: a file is neither a text nor an image nor a PDF; or a pattern matches nothing.
    """
    from pathspec import GitIgnoreSpec

    spec = GitIgnoreSpec.from_lines(patterns or ["*"], backend="simple")
    found = [file for file in files if spec.match_file(file.path)]
    if patterns and not found:
        raise AttachmentRefused(node, ", ".join(patterns), "no file of the node is called so")
    for file in sorted(found, key=lambda each: each.path):
        yield _attachment(node, file)


async def checked(node: str, found: Iterable[Attachment], limits: PdfLimits = LIMITS) -> tuple[Attachment, ...]:
    """Return them, PDFs with what was found in them.

    Raises:
        AttachmentRefused: they are more than an agent may be shown, or a PDF cannot be read.
    """
    kept: list[Attachment] = []
    for each in found:
        kept.append(each)
        _refuse_too_many(node, kept)
        if each.media_type == PDF:
            size = await pdf_size(node, each.path, each.content, MOST_FILES, limits)
            kept[-1] = replace(each, pdf=size)
            _refuse_too_many(node, kept)
    return tuple(kept)


def _refuse_too_many(node: str, kept: Sequence[Attachment]) -> None:
    files, size = sum(max(1, each.pictures) for each in kept), sum(len(each.content) for each in kept)
    if files > MOST_FILES or size > MOST_BYTES:
        reason = (
            f"an agent is shown {MOST_FILES} files and {MOST_BYTES} bytes at most; each page of a PDF counts as one"
        )
        raise AttachmentRefused(node, kept[-1].path, reason)


def _attachment(node: str, file: File) -> Attachment:
    content = file.content
    if media_type := _media_type(content):
        return Attachment(file.path, content, media_type)
    try:
        content.decode()
    except UnicodeDecodeError as error:
        raise AttachmentRefused(
            node, file.path, "it is neither UTF-8 text nor a PDF document nor a PNG, JPEG, GIF or WebP image"
        ) from error
    return Attachment(file.path, content)


def _media_type(content: bytes) -> str:
    """Return the media type of an image or a PDF by how it begins; "" for anything else."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((media_type for begin, media_type in _TYPES.items() if content.startswith(begin)), "")
