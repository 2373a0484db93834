"""Executions with more events than one page of the database holds."""

import asyncio

import pytest

from cli.follow import follow, newest_event
from storage.database.work import Work
from tasks.services import Services
from tests.fakes.stored_projects import admitted
from tests.integration.cli.conftest import CommandLine

PAGE = 1000


async def long_execution(services: Services, repomill: CommandLine, *last: str) -> str:
    """Store an execution with a page of events and what follows them."""
    execution = await admitted(services, repomill.folder)

    def write(work: Work) -> None:
        for kind in (*["node.started"] * PAGE, *last):
            work.events.append(execution.id, kind, "page")

    await services.database.run(services.scope, write)
    return str(execution.id)


@pytest.mark.parametrize("options", [(), ("--follow",)])
def test_logs_show_every_event(options: tuple[str, ...], repomill: CommandLine) -> None:
    execution = repomill.on_services(lambda services: long_execution(services, repomill, "execution.completed"))
    ended = repomill("execution", "logs", execution, *options)
    assert len(ended.out.splitlines()) == PAGE + 1


def test_what_an_earlier_attempt_left_is_not_followed_again(
    repomill: CommandLine, capfd: pytest.CaptureFixture[str]
) -> None:
    async def follow_the_next_attempt(services: Services) -> None:
        await long_execution(services, repomill, "execution.failed")
        execution = await services.database.run(services.scope, lambda work: work.executions.resolve("latest"))
        following = asyncio.create_task(
            follow(services, execution.id, after=await newest_event(services, execution.id))
        )
        await services.database.run(
            services.scope, lambda work: work.events.append(execution.id, "execution.completed", None)
        )
        await following

    repomill.on_services(follow_the_next_attempt)
    assert capfd.readouterr().err.split(" ", 1)[1] == "execution completed\n"
