"""Keeps flags in one JSON file."""

import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path

from flagpost.flags import Flag, InvalidFlag, flag_from_json, flag_to_json

FORMAT = 1
"""Stands in the file, so that a later version can tell what it reads."""


class FlagNotFound(LookupError):
    """There is no flag of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no flag {name!r}")


class StoreCorrupt(Exception):
    """The file is not what this module writes; it is left as it is."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} is not a flag file: {reason}")


class FlagStore:
    """Flags by name, in memory and in a file; for any number of threads of one process.

    A change reaches the file before it shows in memory, and the file is replaced as a whole: a
    crash leaves the old flags or the new ones, never half of each.

    Raises:
        StoreCorrupt: the file exists and holds something else.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changing = threading.Lock()
        # Replaced with every change, never altered, so that readers need no lock.
        self._flags: Mapping[str, Flag] = _read(path)

    def list_flags(self) -> tuple[Flag, ...]:
        """Return all flags, sorted by name."""
        return tuple(flag for _, flag in sorted(self._flags.items()))

    def get(self, name: str) -> Flag:
        """Return one flag; raises `FlagNotFound`."""
        try:
            return self._flags[name]
        except KeyError:
            raise FlagNotFound(name) from None

    def put(self, flag: Flag) -> bool:
        """Add the flag, or replace the one of its name; return whether it is new."""
        with self._changing:
            is_new = flag.name not in self._flags
            self._replace({**self._flags, flag.name: flag})
        return is_new

    def delete(self, name: str) -> None:
        """Remove one flag; raises `FlagNotFound`."""
        with self._changing:
            self.get(name)
            self._replace({key: flag for key, flag in self._flags.items() if key != name})

    def _replace(self, flags: Mapping[str, Flag]) -> None:
        _write(self._path, flags)
        self._flags = flags


def _read(path: Path) -> dict[str, Flag]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:  # not UTF-8, or not JSON
        raise StoreCorrupt(path, str(error)) from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise StoreCorrupt(path, f"it does not say format {FORMAT}")
    try:
        flags = [flag_from_json(data) for data in document["flags"]]
    except (KeyError, TypeError, InvalidFlag) as error:
        raise StoreCorrupt(path, f"bad flags: {error}") from error
    return {flag.name: flag for flag in flags}


def _write(path: Path, flags: Mapping[str, Flag]) -> None:
    document = {"format": FORMAT, "flags": [flag_to_json(flag) for flag in flags.values()]}
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.new")
    with beside.open("w", encoding="utf-8") as file:
        json.dump(document, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
