"""`execution logs --follow`: events as they come, with pieces of answers; who stops is told where to go on."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from uuid import UUID

import pytest

from tasks.services import Services
from tests.fakes.stored_projects import admitted
from tests.integration.cli.conftest import CommandLine
from tests.servers.waiting import PATIENCE

PROGRAM = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from cli.main import main; main()"


@pytest.fixture
def execution(repomill: CommandLine) -> UUID:
    async def make(services: Services) -> UUID:
        return (await admitted(services, repomill.folder)).id

    return repomill.on_services(make)


def tell(repomill: CommandLine, execution: UUID, kind: str, text: str = "") -> None:
    async def append(services: Services) -> None:
        payload = {"text": text} if text else {}
        await services.database.run(
            services.scope, lambda work: work.events.append(execution, kind, "plan" if text else None, payload)
        )

    repomill.on_services(append)


@pytest.fixture
def follower(repomill: CommandLine, execution: UUID) -> Iterator["subprocess.Popen[str]"]:
    tell(repomill, execution, "execution.started")
    command = [sys.executable, "-u", "-c", PROGRAM, "execution", "logs", str(execution), "--follow"]
    with subprocess.Popen(command, stdout=-1, stderr=-1, text=True, cwd=repomill.folder) as process:
        yield process
        process.kill()


def line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_pieces_of_answers_are_printed_as_they_come_until_the_end(
    repomill: CommandLine, execution: UUID, follower: "subprocess.Popen[str]"
) -> None:
    assert "execution started" in line(follower)
    for text in ("Once upon ", "a time\n"):
        tell(repomill, execution, "call.text", text)
        assert f"plan> {text.strip()}" in line(follower)
    tell(repomill, execution, "execution.completed")
    out, _ = follower.communicate(timeout=PATIENCE)
    assert "execution completed" in out
    assert follower.returncode == 0


def test_who_stops_following_is_told_where_to_go_on(
    repomill: CommandLine, execution: UUID, follower: "subprocess.Popen[str]"
) -> None:
    assert "execution started" in line(follower)
    follower.send_signal(signal.SIGINT)
    _, err = follower.communicate(timeout=PATIENCE)
    assert f"repomill execution logs {execution} --follow --after 1\n" in err
    tell(repomill, execution, "call.text", "more")
    tell(repomill, execution, "execution.completed")
    rest = repomill("execution", "logs", execution, "--follow", "--after", 1).out.splitlines()
    assert [entry.split()[0] for entry in rest] == ["2", "3"]
