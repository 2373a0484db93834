"""One SQL statement with its parameters, and what can be told of its text without a database."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from repomill.canonical import Json

# As SQLAlchemy's `text` reads them: `::` is a cast, and a backslash takes a colon as it is.
_PARAMETER: Final = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")

_SKIPPED: Final = re.compile(r"(\s+|--[^\n]*(\n|$)|/\*(?!!).*?\*/|\()+", re.DOTALL)
_WORD: Final = re.compile(r"[A-Za-z]+")
_QUOTED: Final = re.compile(
    r"""'(?:[^'\\]|'')*'|"(?:[^"\\]|"")*"|`[^`]*`|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$|--[^\n]*|/\*(?!!).*?\*/""", re.DOTALL
)
_SECOND: Final = re.compile(r";\s*\S")
_TO_FILE: Final = re.compile(r"\binto\s+(outfile|dumpfile)\b", re.IGNORECASE)

READING_WORDS: Final = ("select", "with", "values", "table", "show", "explain", "describe", "desc", "pragma")
"""What a statement that only reads can begin with; the database itself refuses what writes all the same."""

Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Statement:
    """What is asked of a database.

    Attributes:
        sql: one statement with `:named` parameters.
        parameters: a value for each; a list stands for the items of `IN :name`.
        writes: whether it may change anything; it is committed then.
        max_rows: how many rows may come.
        truncate: give the first `max_rows` rows instead of an error where more come.
        decimals_as_text: keep decimals exact, as text, instead of numbers.
        timeout: seconds.
    """

    sql: str
    parameters: Mapping[str, Value | list[Value]]
    writes: bool
    max_rows: int
    truncate: bool
    decimals_as_text: bool
    timeout: float

    def canonical(self, source: Json) -> Json:
        """Return what the answer depends on; `source` says which database is asked."""
        parameters: dict[str, Json] = {
            name: [*value] if isinstance(value, list) else value for name, value in self.parameters.items()
        }
        return {
            "source": source,
            "sql": self.sql,
            "parameters": parameters,
            "writes": self.writes,
            "max_rows": self.max_rows,
            "truncate": self.truncate,
            "decimals_as_text": self.decimals_as_text,
        }


def parameter_names(sql: str) -> tuple[str, ...]:
    """Return the names of a statement's parameters, each once, in order."""
    return tuple(dict.fromkeys(_PARAMETER.findall(sql)))


def first_word(sql: str) -> str:
    """Return the word a statement begins with, in lower case, past comments and parentheses; "" when there is none."""
    skipped = _SKIPPED.match(sql)
    word = _WORD.match(sql, skipped.end() if skipped else 0)
    return word.group().lower() if word else ""


def is_several(sql: str) -> bool:
    """Tell whether the text surely holds more than one statement; what is in doubt is left to the database."""
    return _SECOND.search(_bare(sql)) is not None


def may_write(sql: str) -> bool:
    """Tell whether the text is more than a query: another verb, MySQL's executable comments, a file on the server."""
    bare = _bare(sql)
    return first_word(sql) not in READING_WORDS or "/*!" in bare or _TO_FILE.search(bare) is not None


def _bare(sql: str) -> str:
    """Return the text without comments and with empty strings and names in place of the quoted ones."""
    return _QUOTED.sub(lambda found: " " if found.group().startswith(("--", "/*")) else "''", sql)
