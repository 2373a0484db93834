"""PDF documents that an agent is shown: their pages, and the most tokens that these come to."""

import asyncio
import json
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from repomill.errors import AttachmentRefused

PDF: Final = "application/pdf"

PAGE_TOKENS: Final = 10_000
"""Beside the text found on a page: for forms, for what a provider reads from a scan, for its own words around pages."""

_CHILD: Final = "repomill.agents._pdf_child"


@dataclass(frozen=True, slots=True)
class PdfLimits:
    """Bounds of reading one document: seconds, and bytes of memory."""

    seconds: int = 60
    memory: int = 1 << 30


LIMITS: Final = PdfLimits()


@dataclass(frozen=True, slots=True)
class PdfSize:
    """Pages of a document, and bytes of the text on them."""

    pages: int
    text: int

    @property
    def text_tokens(self) -> int:
        """The most tokens of its text; the pictures of its pages, which all providers make, come on top.

        No tokenizer makes more tokens of a text than it has bytes. The bytes are those that pypdf finds; they count
        twice, because providers may find more spaces, line ends and hidden words. Anthropic speaks of 1,500 to 3,000
        tokens a page: https://platform.claude.com/docs/en/build-with-claude/pdf-support. Google charges for pictures
        alone, OpenAI for text and pictures: https://developers.openai.com/api/docs/guides/file-inputs.
        """
        return PAGE_TOKENS * self.pages + 2 * self.text


async def pdf_size(node: str, path: str, content: bytes, most_pages: int, limits: PdfLimits) -> PdfSize:
    """Return what a process of its own finds in a document.

    Raises:
        AttachmentRefused: it is broken, encrypted, has no pages or too many, or takes too long or too much memory.
    """
    try:
        async with asyncio.timeout(limits.seconds):
            told = await _told(content, limits.seconds, limits.memory, most_pages)
    except TimeoutError as error:
        raise AttachmentRefused(node, path, f"reading it took longer than {limits.seconds} seconds") from error
    if told is None:
        raise AttachmentRefused(node, path, "it cannot be read as a PDF document")
    if "refused" in told:
        raise AttachmentRefused(node, path, told["refused"])
    return PdfSize(**told)


async def _told(content: bytes, *bounds: int) -> Any:
    """Return what the process says; None when it ended without a word."""
    process = await asyncio.create_subprocess_exec(
        # -P: the current folder may be anybody's, and is no place to import from.
        sys.executable, "-P", "-W", "ignore", "-m", _CHILD, *map(str, bounds),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        said, _ = await process.communicate(content)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await asyncio.shield(process.wait())
    return json.loads(said) if process.returncode == 0 else None
