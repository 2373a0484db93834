"""Errors of SQLAlchemy and of the three drivers as ours; nothing of a URL or a password gets into them."""

import sqlite3
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from repomill.calls.sending import AnswerLost, TryAgain
from repomill.databases.source import DatabaseSource
from repomill.databases.statement import Statement
from repomill.errors import DatabaseRefused, QueryFailed, QueryTimeout, WriteRefused

DRIVER_ERRORS: Final = (SQLAlchemyError, sqlite3.Warning, OverflowError, UnicodeError, ValueError, TypeError)
"""What a driver raises; SQLAlchemy wraps its own errors and passes others, as of values too large, through."""

LONGEST_REASON: Final = 500

_READ_ONLY: Final = {"25006", "1792", "attempt to write a readonly database"}
_TIMEOUT: Final = {"57014", "1969", "3024", "1317", "interrupted"}
_BUSY: Final = {"40001", "40P01", "55P03", "1213", "1205", "database is locked"}
_REFUSED_AT_THE_DOOR: Final = {"1044", "1045", "1049", "1698", "unable to open database file", "file is not a database"}
_WRITES_IN_A_QUERY: Final = "DECLARE CURSOR must not contain data-modifying"
_SHORT_OF_ROOM: Final = ("too many", "starting up", "shutting down", "recovery mode", "remaining connection slots")


def at_the_door(error: Exception, source: DatabaseSource) -> Exception:
    """Return what a failed connection means: the database says no, or does not answer."""
    reason = _reason(error, source)
    says_no = _codes(error) & _REFUSED_AT_THE_DOOR or "FATAL" in reason or not isinstance(error, DBAPIError)
    if says_no and not any(words in reason for words in _SHORT_OF_ROOM):
        return DatabaseRefused(source.name, reason)
    return TryAgain(reason)


def in_the_middle(error: Exception, source: DatabaseSource, statement: Statement, *, stopped: bool) -> Exception:
    """Return what a failed statement means; `stopped` says that we interrupted it."""
    codes, reason = _codes(error), _reason(error, source)
    if stopped or codes & _TIMEOUT:
        return QueryTimeout(source.name, statement.timeout)
    if codes & _READ_ONLY or _WRITES_IN_A_QUERY in reason:
        return WriteRefused(source.name, reason)
    if codes & _BUSY:
        return TryAgain(reason)
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return AnswerLost(reason) if statement.writes else TryAgain(reason)
    return QueryFailed(source.name, reason)


def _codes(error: Exception) -> set[str]:
    """Return an error's SQLSTATE, its number, and SQLite's message, which is all it has."""
    original: Any = error.orig if isinstance(error, DBAPIError) else error
    codes = {str(getattr(original, "sqlstate", None) or "")}
    if getattr(original, "args", None):
        codes.add(str(original.args[0]))
    return codes - {""}


def _reason(error: Exception, source: DatabaseSource) -> str:
    original: Any = getattr(error, "orig", None) or error
    arguments: tuple[Any, ...] = getattr(original, "args", ())
    text = str(arguments[1]) if len(arguments) > 1 and isinstance(arguments[0], int) else str(original)
    for secret, stand_in in _secrets(source).items():
        text = text.replace(secret, stand_in)
    return " ".join(text.split())[:LONGEST_REASON] or type(original).__name__


def _secrets(source: DatabaseSource) -> Mapping[str, str]:
    password = source.password.get_secret_value() if source.password else ""
    return {source.url.get_secret_value(): "(URL)", **({password: "(password)"} if password else {})}
