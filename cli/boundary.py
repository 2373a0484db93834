"""The edge of the command line: errors become words on standard error and an exit code."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from cli.output import say
from repomill.errors import Cancelled, PlaceUnusable, RepomillError
from repomill.settings import Settings

INTERRUPTED = 130
"""What a shell expects of a program that Ctrl-C ended before it had begun its work."""


def load_settings() -> Settings:
    """Read the settings; a value that cannot be used is said in one line.

    Raises:
        SettingInvalid: naming the variable.
    """
    from pydantic import ValidationError

    from repomill.errors import SettingInvalid

    try:
        return Settings()
    except ValidationError as error:
        fault = error.errors()[0]
        name = "REPOMILL_" + "_".join(str(part) for part in fault["loc"]).upper()
        raise SettingInvalid(name, str(fault["input"]), fault["msg"].lower()) from None


@contextmanager
def error_boundary() -> Iterator[None]:
    """Turn an error into its message, hint and exit code; the only place where the command line ends on one."""
    try:
        yield
    except RepomillError as error:
        tell(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        say("Stopped.")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()  # the reader went away (`| head`); there is nobody to tell
        sys.exit(Cancelled.exit_code)
    except OSError as error:
        if error.filename is None:
            raise
        refused = PlaceUnusable(str(error.filename2 or error.filename), error.strerror or str(error))
        tell(refused)
        sys.exit(refused.exit_code)


def tell(error: RepomillError) -> None:
    """Print an error for a person: what, then how to mend it."""
    say(f"error: {error}")
    if advice := error.advice():
        say(f"hint:  {advice}")
