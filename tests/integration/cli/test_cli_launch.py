"""What a command says when an execution that failed before cannot even be taken up."""

from typing import NoReturn

import pytest

from cli import launch as launching
from cli.launch import Launch, launch
from cli.output import Format
from deployments.stack import Stack
from repomill.errors import BlockMissing, RemoteUnavailable
from storage.database.models import Execution
from storage.database.transitions import ExecutionStatus
from tasks.finish_execution import finish
from tasks.services import Services
from tests.fakes.stored_projects import admitted, owned
from tests.integration.cli.conftest import CommandLine


def test_the_error_of_an_earlier_attempt_is_not_told_for_this_ones(
    repomill: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failed(services: Services) -> Execution:
        execution = await admitted(services, repomill.folder)
        await finish(
            services, await owned(services, execution), ExecutionStatus.FAILED, RemoteUnavailable("url", "away")
        )
        return await services.database.run(services.scope, lambda work: work.executions.get(execution.id))

    async def refused(_: Launch) -> NoReturn:
        raise BlockMissing("repomill-database/default")

    monkeypatch.setattr(launching, "_here", refused)
    stack = Stack("http://127.0.0.1:9/api", "http://127.0.0.1:9", repomill.home)
    with pytest.raises(BlockMissing):
        launch(Launch.of(repomill.on_services(failed)), stack, on_worker=False, output=Format.TEXT)
