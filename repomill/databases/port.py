"""Port: runs statements on the databases that a workflow names."""

from typing import Protocol

from repomill.calls.sending import Answered
from repomill.databases.source import DatabaseSource
from repomill.databases.statement import Statement


class Databases(Protocol):
    """The databases of a run; connections are kept until it ends."""

    async def run(self, source: DatabaseSource, statement: Statement) -> Answered:
        """Run one statement in a transaction of its own.

        The response has `columns` (a list of `name` and `type`), `rows` (a list of objects, plain JSON), `row_count`
        (rows given or changed) and `truncated`. A cancel stops the statement at the server too.

        Raises:
            TryAgain: the database is away or busy, and nothing was changed.
            AnswerLost: it writes, and the connection broke, or it could not be stopped in time.
            DatabaseRefused: name, password or database are wrong.
            WriteRefused: it writes, and was not said to.
            QueryFailed: the database refused the statement.
            QueryTimeout: it took longer than its `timeout`, and was stopped or only reads.
            TooManyRows: more rows came than were allowed.
        """
