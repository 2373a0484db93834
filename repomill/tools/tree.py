"""The `tree` tools: an agent works on files."""

import re
from contextlib import AsyncExitStack
from typing import Annotated, ClassVar, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from repomill.agents.functions import Function
from repomill.errors import ToolRefused
from repomill.tools.base import Opened, ToolArguments, ToolContext, Toolset, ToolSettings
from repomill.tools.functions import function
from repomill.tools.scratch_tree import ScratchTree

MOST_READ = 100_000
"""Characters that one call of `read_file` returns."""
MOST_FOUND = 200
LINE_LENGTH = 300

Path = Annotated[str, Field(min_length=1, description="Relative path with / between its parts.")]


class TreeSettings(ToolSettings):
    """Settings of `tree`."""

    from_: Annotated[
        tuple[str, ...], Field(alias="from", description="Nodes before it whose files it sees, read-only.")
    ] = ()
    max_calls: Annotated[int, Field(gt=0, description="Calls of each function that one run may make.")] = 200


class ListFiles(ToolArguments):
    """Arguments of `list_files`."""

    folder: Annotated[str, Field(description="Folder to list; empty for everything.")] = ""


class ReadFile(ToolArguments):
    """Arguments of `read_file`."""

    path: Path
    offset: Annotated[int, Field(ge=0, description="Characters to pass over.")] = 0


class SearchFiles(ToolArguments):
    """Arguments of `search_files`."""

    text: Annotated[str, Field(min_length=1, max_length=500, description="Text to look for, taken as it is.")]
    folder: Annotated[str, Field(description="Folder to look in; empty for everything.")] = ""
    ignore_case: Annotated[bool, Field(description="Whether A and a are alike.")] = False


class WriteFile(ToolArguments):
    """Arguments of `write_file`."""

    path: Path
    content: Annotated[str, Field(description="The whole text of the file.")]
    executable: Annotated[bool, Field(description="True for scripts that are run directly.")] = False


class MoveFile(ToolArguments):
    """Arguments of `move_file`."""

    path: Path
    to: Annotated[str, Field(min_length=1, description="The new path.")]


class DeleteFile(ToolArguments):
    """Arguments of `delete_file`."""

    path: Path


class Listed(TypedDict):
    """A file; `size` in bytes."""

    path: str
    size: int


class Text(TypedDict):
    """A part of a text; `characters_left` where more follows."""

    content: str
    characters_left: NotRequired[int]


class Line(TypedDict):
    """A line that holds what was looked for; lines count from 1."""

    path: str
    line: int
    text: str


class Lines(TypedDict):
    """Lines; `more` where there are others."""

    found: list[Line]
    more: NotRequired[bool]


class Written(TypedDict):
    """What was written; `size` in bytes."""

    written: str
    size: int


class Moved(TypedDict):
    """What was moved."""

    moved: str
    to: str


class Deleted(TypedDict):
    """What was deleted."""

    deleted: str


class Tree(Toolset[TreeSettings]):
    """Lists, reads, searches, writes, moves and deletes files; what the agent wrote becomes the node's files.

    Files of the nodes under `from` are there to be read. Paths are checked as those of every tree are.
    """

    name: ClassVar[str] = "tree"
    version: ClassVar[int] = 1
    settings_model = TreeSettings
    writes_files: ClassVar[bool] = True

    def upstream(self, settings: TreeSettings) -> tuple[str, ...]:
        """Return the nodes under `from`."""
        return settings.from_

    async def open(self, settings: TreeSettings, context: ToolContext, stack: AsyncExitStack) -> Opened:
        """Make the tree; raises `NodeFilesMissing`."""
        start = [file for node in settings.from_ for file in await context.node_files.files(node)]
        tree = ScratchTree(start, context.max_file_size)
        return Opened(tuple(_functions(TreeFunctions(tree), settings.max_calls)), tree)


def _functions(tree: "TreeFunctions", most: int) -> list[Function]:
    return [
        function(tree.list_files, ListFiles, max_calls=most),
        function(tree.read_file, ReadFile, max_calls=most),
        function(tree.search_files, SearchFiles, max_calls=most),
        function(tree.write_file, WriteFile, max_calls=most),
        function(tree.move_file, MoveFile, max_calls=most),
        function(tree.delete_file, DeleteFile, max_calls=most),
    ]


class TreeFunctions:
    """What the model may do to a tree; the docstrings are what it reads."""

    def __init__(self, tree: ScratchTree) -> None:
        self._tree = tree

    async def list_files(self, asked: ListFiles) -> list[Listed]:
        """List the paths and sizes of the files, sorted by path."""
        return [{"path": path, "size": self._tree.read(path).size} for path in self._under(asked.folder)]

    async def read_file(self, asked: ReadFile) -> Text:
        """Read a text file; of a long one ask for the rest with `offset`."""
        text = self._text(asked.path)
        part = text[asked.offset : asked.offset + MOST_READ]
        left = len(text) - asked.offset - len(part)
        return {"content": part, "characters_left": left} if left > 0 else {"content": part}

    async def search_files(self, asked: SearchFiles) -> Lines:
        """Find the lines that hold a text, with path and number of the line."""
        pattern = re.compile(re.escape(asked.text), re.IGNORECASE if asked.ignore_case else 0)
        found: list[Line] = []
        for path in self._under(asked.folder):
            try:
                lines = self._text(path).splitlines()
            except ToolRefused:
                continue  # not a text
            for number, line in enumerate(lines, 1):
                if pattern.search(line):
                    found.append({"path": path, "line": number, "text": line[:LINE_LENGTH]})
                    if len(found) == MOST_FOUND:
                        return {"found": found, "more": True}
        return {"found": found}

    async def write_file(self, asked: WriteFile) -> Written:
        """Write a whole text file, new or in place of the one that is there."""
        try:
            content = asked.content.encode()
        except UnicodeEncodeError as error:
            raise ToolRefused("half a surrogate pair is not valid Unicode") from error
        self._tree.write(asked.path, content, "100755" if asked.executable else "100644")
        return {"written": asked.path, "size": len(content)}

    async def move_file(self, asked: MoveFile) -> Moved:
        """Give a file another path."""
        self._tree.move(asked.path, asked.to)
        return {"moved": asked.path, "to": asked.to}

    async def delete_file(self, asked: DeleteFile) -> Deleted:
        """Take a file away."""
        self._tree.delete(asked.path)
        return {"deleted": asked.path}

    def _under(self, folder: str) -> list[str]:
        inside = folder.strip("/").removeprefix("./")
        return [path for path in self._tree.paths() if inside in {"", "."} or path.startswith(f"{inside}/")]

    def _text(self, path: str) -> str:
        try:
            return self._tree.read(path).content.decode()
        except UnicodeDecodeError as error:
            raise ToolRefused(f"{path!r} is not a text file") from error
