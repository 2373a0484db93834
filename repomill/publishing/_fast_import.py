"""The stream `git fast-import` reads (`git help fast-import`): one commit that holds exactly the given files."""

from collections.abc import Iterable, Iterator

from repomill.publishing.commits import CommitDetails
from repomill.trees.tree import TreeFile

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n"}


def commit_stream(files: Iterable[TreeFile], details: CommitDetails, ref: str, parent: str | None) -> Iterator[bytes]:
    """Yield the stream; its one answer is the commit id, on standard output.

    `feature done` makes Git refuse a stream that breaks off, so files that cannot be read never make half a tree.
    """
    signature = details.signature.line()
    yield f"feature done\ncommit {ref}\nmark :1\nauthor {signature}\ncommitter {signature}\n".encode()
    yield from _data(details.text().encode())
    if parent:
        # Not `from`, which would start with the parent's files and need them here; `merge` starts with none.
        yield f"merge {parent}\n".encode()
    for file in files:
        yield f"M {file.mode} inline {quoted(file.path)}\n".encode()
        yield from _data(file.content)
    yield b"\nget-mark :1\ndone\n"


def _data(content: bytes) -> Iterator[bytes]:
    yield b"data %d\n" % len(content)
    yield content
    yield b"\n"


def quoted(path: str) -> str:
    """Return a path as the stream spells it."""
    return '"' + "".join(_ESCAPES.get(character, character) for character in path) + '"'
