"""Whether bytes are a whole image of the format that was asked for, by the structure of the format.

A file is walked from its signature to its end mark, so that one which was cut on its way is found. Pixels are not
decoded. PNG: https://www.w3.org/TR/png-3/, JPEG: ITU-T T.81 annex B, WebP: https://developers.google.com/speed/webp
"""

import zlib
from collections.abc import Callable, Mapping

from repomill.images.request import ImageFormat

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG_START, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_CHUNK_FRAME = 12
"""Bytes of a PNG chunk around its data: length, type, checksum."""


def problem(content: bytes, wanted: ImageFormat) -> str:
    """Say what is wrong with an image, "" when it is a whole one of this format."""
    if not content:
        return "it is empty"
    found = next((name for name, starts in _SIGNATURES.items() if starts(content)), None)
    if found is None:
        return "it is no image of a known format"
    if found != wanted:
        return f"it is {found}, not {wanted}"
    return _WALKS[wanted](content)


def suffixes(wanted: ImageFormat) -> tuple[str, ...]:
    """Return the file suffixes of a format, the usual one first."""
    return (".jpg", ".jpeg") if wanted == "jpeg" else (f".{wanted}",)


def _png(content: bytes) -> str:
    position, kinds = len(_PNG), []
    while position < len(content):
        length = int.from_bytes(content[position : position + 4])
        chunk = content[position + 4 : position + 8 + length]
        checksum = content[position + 8 + length : position + _CHUNK_FRAME + length]
        if len(checksum) < 4:
            return "it was cut"
        if zlib.crc32(chunk) != int.from_bytes(checksum):
            return "a checksum in it is wrong"
        kinds.append(chunk[:4])
        position += _CHUNK_FRAME + length
        if kinds[-1] == b"IEND":
            break
    if not kinds or kinds[-1] != b"IEND":
        return "it was cut"
    return "" if kinds[0] == b"IHDR" and b"IDAT" in kinds else "it holds no picture"


def _jpeg(content: bytes) -> str:
    return "" if content.rstrip(b"\0").endswith(_JPEG_END) else "it was cut"


def _webp(content: bytes) -> str:
    stated = int.from_bytes(content[4:8], "little") + 8
    if stated > len(content):
        return "it was cut"
    return "" if content[12:16] in {b"VP8 ", b"VP8L", b"VP8X"} else "it holds no picture"


_SIGNATURES: Mapping[str, Callable[[bytes], bool]] = {
    "png": lambda content: content.startswith(_PNG),
    "jpeg": lambda content: content.startswith(_JPEG_START),
    "webp": lambda content: content.startswith(b"RIFF") and content[8:12] == b"WEBP",
    "gif": lambda content: content.startswith((b"GIF87a", b"GIF89a")),
    "svg": lambda content: content.lstrip().startswith((b"<svg", b"<?xml")),
}
_WALKS: Mapping[ImageFormat, Callable[[bytes], str]] = {"png": _png, "jpeg": _jpeg, "webp": _webp}
