"""One template folder while it is rendered: its environment, and what becomes of each of its files."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from types import CodeType
from typing import Final

from jinja2 import BytecodeCache, FunctionLoader
from jinja2.bccache import Bucket

from repomill.trees._budget import Limits
from repomill.trees._guard import guarded
from repomill.trees._sandbox import Sandbox
from repomill.trees._texts import Scope, render_text, rendered
from repomill.trees.tree import File, TreeFile

TEMPLATE_SUFFIX: Final = ".j2"

_KEPT: Final = 1024
_MANY: Final = 150
_LONG: Final = 16_000
_MUCH: Final = 200_000
"""A worker starts in 0.1 s, in which this much is compiled; compiling a longer file would stall other threads."""


@dataclass(frozen=True)
class Folder:
    """What the files of a folder share; `read` gives the content of a path, or None."""

    read: Callable[[str], bytes | None]
    scope: Scope
    place: str
    limits: Limits

    def file(self, file: File) -> TreeFile | None:
        """Return what becomes of a file; None when it is not written."""
        path = self._path(file.path)
        return TreeFile(path, self._content(file), file.mode) if path else None

    @cached_property
    def _environment(self) -> Sandbox:
        return Sandbox(FunctionLoader(self._source), _compiled_before)

    def _source(self, path: str) -> str | None:
        content = self.read(path)
        return None if content is None else content.decode()

    def _path(self, source: str) -> str:
        """Render each part of a path; the empty string when one of them is empty."""
        place = f"the path {self.place}/{source}"
        parts = [
            render_text(part, self.scope, place, self.limits) if "{" in part else part
            for part in source.removesuffix(TEMPLATE_SUFFIX).split("/")
        ]
        return "/".join(parts) if all(parts) else ""

    def _content(self, file: File) -> bytes:
        if not is_template(file.path):
            return file.content
        with guarded(f"{self.place}/{file.path}", self.limits, folder=self.place) as budget:
            return rendered(self._environment.get_template(file.path), self.scope, budget).encode()


def contents_of(files: Sequence[File]) -> Callable[[str], bytes | None]:
    """Return what gives the content of a path, or None."""
    by_path = {file.path: file for file in files}
    return lambda path: by_path[path].content if path in by_path else None


def is_for_include_only(path: str) -> bool:
    """Tell whether a file is only there for others."""
    return path.startswith("_") and "/" in path


def is_template(path: str) -> bool:
    """Tell whether the content is rendered."""
    return path.endswith(TEMPLATE_SUFFIX)


def is_copied(path: str) -> bool:
    """Tell whether a file is taken as it is, name and content."""
    return "{" not in path and not is_template(path)


def is_heavy(files: Sequence[File]) -> bool:
    """Tell whether templates are better left to processes of their own."""
    sizes = [file.size for file in files if is_template(file.path)]
    return len(sizes) > _MANY or sum(sizes) > _MUCH or max(sizes, default=0) > _LONG


class _Compiled(BytecodeCache):
    """Keeps compiled templates of this process, by name and digest of their source."""

    def __init__(self) -> None:
        self._codes: OrderedDict[tuple[str, str], CodeType] = OrderedDict()
        self._lock = Lock()

    def load_bytecode(self, bucket: Bucket) -> None:
        with self._lock:
            bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            with self._lock:
                self._codes[bucket.key, bucket.checksum] = bucket.code
                if len(self._codes) > _KEPT:
                    self._codes.popitem(last=False)


_compiled_before = _Compiled()
