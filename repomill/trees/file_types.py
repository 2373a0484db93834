"""What kind of file a path and its first bytes tell, and what of it can be shown."""

import codecs
from io import BytesIO
from pathlib import PurePosixPath
from typing import Final

PREVIEW_CHARACTERS: Final = 1000

# `identify` gives several tags to one file. The first of these wins: the language a person would name.
_NAMED_FIRST: Final = (
    "python", "html", "svg", "toml", "yaml", "ini", "c", "c++", "c#", "f#", "scala", "ruby", "groovy",
    "objective-c++", "zsh", "csh", "bash", "jupyter", "json", "xml", "plist", "gitignore",
)  # fmt: skip
_SAY_LITTLE: Final = frozenset({"plain-text", "image", "audio", "header", "zip", "shell", "executable"})
_ENCODINGS: Final = frozenset({"text", "binary"})


def file_type(path: str, content_head: bytes) -> str:
    """Return one lower-case word such as `python`, `markdown`, `text` or `binary`.

    The name decides; where it says nothing, the shebang; then whether the first kilobyte looks like text.
    """
    from identify import identify

    tags = identify.tags_from_filename(PurePosixPath(path).name)
    if not tags:
        command = identify.parse_shebang(BytesIO(content_head))
        tags = identify.tags_from_interpreter(command[0]) if command else set()
    return _best(tags - _ENCODINGS) or ("binary" if _is_binary(content_head) or "binary" in tags else "text")


def preview(content: bytes, limit: int = PREVIEW_CHARACTERS) -> str:
    """Return the first `limit` characters of a text file, and nothing of a binary one; never a NUL."""
    if _is_binary(content):
        return ""
    head = content[: 4 * limit]  # a character takes four bytes at most
    # Not final: a character that the slice cut in half is left out instead of shown as damage.
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(head, final=len(head) == len(content))
    return text.replace("\0", "")[:limit]


def _is_binary(content: bytes) -> bool:
    from identify import identify

    return not identify.is_text(BytesIO(content[:1024]))


def _best(tags: set[str]) -> str:
    named = next((tag for tag in _NAMED_FIRST if tag in tags), "")
    telling = sorted(tags - _SAY_LITTLE) or sorted(tags - {"plain-text"})
    return named or (telling[0] if telling else "")
