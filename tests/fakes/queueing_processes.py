"""Several processes that ask one provider through one queue; both have no tokens left when they begin."""

import asyncio
import subprocess
import sys
from contextlib import closing
from uuid import uuid4

from storage.database.queues import SqlQueueBoard
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from tests.integration.agents.queueing_process import queue
from tests.servers.model_server import model_server
from tests.servers.token_limit import TokenLimit

PROGRAM = [sys.executable, "-m", "tests.integration.agents.queueing_process"]


def ask_at_once(limit: TokenLimit, url: str, processes: int, calls: int) -> tuple[int, int]:
    """Let each process make so many calls at once; return how many were answered, and the tokens they were told of."""
    with model_server(limit) as server:
        program = [*PROGRAM, server.base_url, url, str(limit.per_minute), str(calls)]
        running = [subprocess.Popen(program, stdin=-1, stdout=-1, text=True) for _ in range(processes)]
        ready = [process.stdout.readline() for process in running if process.stdout]
        assert ready == ["ready\n"] * processes
        limit.begin()
        asyncio.run(_use_up(url, limit.per_minute))
        for process in running:
            _go(process)
        said = [process.communicate()[0].split() for process in running]
    answered, tokens = (sum(int(words[place]) for words in said) for place in (0, 1))
    return answered, tokens


async def _use_up(url: str, tokens: int) -> None:
    """Take a minute's tokens out of the queue, as they are out of the provider's bucket."""
    with closing(Database(url)) as database:
        await SqlQueueBoard(database, DEFAULT_SCOPE).enter(queue(tokens), uuid4(), has_turn=False, tokens=tokens)


def _go(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()
