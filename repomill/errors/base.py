"""The base of every error, and the families."""

from dataclasses import dataclass, field, fields
from typing import ClassVar

JsonObject = dict[str, object]


@dataclass(eq=False)
class RepomillError(Exception):
    """Base of every error that Repomill raises on purpose."""

    code: ClassVar[str] = "error"
    message: ClassVar[str] = "Something went wrong."
    hint: ClassVar[str] = ""
    exit_code: ClassVar[int] = 1

    node_path = ""  # path of the node it came from, set by the engine; not a fact of the error's class

    def __post_init__(self) -> None:
        """Give `Exception` the fields too, so that they show in tracebacks."""
        self.args = tuple(getattr(self, item.name) for item in fields(self))

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by field names: `Exception` would hand keyword-only fields over by position."""
        given = {item.name: getattr(self, item.name) for item in fields(self)}
        return _made_again, (type(self), given), self.__dict__

    def __str__(self) -> str:
        return self.message.format(**self.facts())

    def advice(self) -> str:
        """Tell how to mend it; empty when there is nothing to say beyond the message."""
        return self.hint.format(**self.facts())

    def facts(self) -> JsonObject:
        """Return the fields by name, as the API and `--format json` print them."""
        return {item.name: getattr(self, item.name) for item in fields(self)}


def _made_again(kind: type[RepomillError], given: JsonObject) -> RepomillError:
    return kind(**given)


@dataclass(eq=False)
class Retriable(RepomillError):
    """The same call may succeed later; `delay` is in seconds, 0 when the other side named none."""

    delay: float = field(default=0.0, kw_only=True)


class Fatal(RepomillError):
    """The run cannot go on."""


class BadInput(RepomillError):
    """What was handed in is wrong."""

    exit_code: ClassVar[int] = 2


class UserActionRequired(RepomillError):
    """A person has to change something outside."""

    exit_code: ClassVar[int] = 3


class Cancelled(RepomillError):
    """Somebody asked for the stop."""

    code: ClassVar[str] = "cancelled"
    message: ClassVar[str] = "The run was cancelled."
    hint: ClassVar[str] = "Answers that came are kept and cost nothing again."
