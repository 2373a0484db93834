"""The process dies, or the host breaks off, at every step of an export; a repeat leaves exactly one of everything."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from storage.database.work import Work
from tasks.services import Services
from tests.fakes.faulty_exports import Moments, Stage, watch
from tests.fakes.host_exports import host_rig
from tests.servers.host_api import Asked, Fault

FIRST, LATER = "a first export", "a later one by a request"


@pytest.fixture
def moments(monkeypatch: pytest.MonkeyPatch) -> Moments:
    return watch(monkeypatch)


@pytest.fixture(params=[FIRST, LATER])
def which(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def kind() -> str:
    return "github"


@pytest.fixture
async def stage(services: Services, tmp_path: Path, kind: str, which: str, moments: Moments) -> AsyncIterator[Stage]:
    with host_rig(kind, tmp_path / "host") as rig:
        made = Stage(services, tmp_path, rig)
        if which == LATER:
            await made.advance()
        moments.seen = 0
        yield made


async def die_at_each(stage: Stage, moments: Moments, first: int = 0, step: int = 1) -> int:
    """Die at each moment in turn and repeat; return the number after the last one."""
    moments.at, died = first, True
    while died:
        moments.seen = 0
        died = await stage.export_with_repeat()
        stage.assert_one_of_everything()
        moments.at += step
    return moments.at - step


async def statuses(services: Services) -> set[str]:
    def read(work: Work) -> set[str]:
        return {row.status.value for row in work.exports.find(99)}

    return await services.database.run(services.scope, read)


@pytest.mark.parametrize("share", range(3))
async def test_dying_before_any_request_or_git_command_leaves_nothing_twice(
    stage: Stage, moments: Moments, share: int
) -> None:
    assert await die_at_each(stage, moments, share, 3) >= 10
    assert await statuses(stage.services) == {"completed"}


# Dying before whatever changes a GitHub is among the moments above.
@pytest.mark.parametrize(
    ("kind", "after"),
    [("github", True), ("gitlab", False), ("gitlab", True), ("gitea", False), ("gitea", True)],
)
async def test_dying_around_whatever_changes_the_host_leaves_nothing_twice(
    stage: Stage, moments: Moments, after: bool
) -> None:
    moments.after, moments.writes = after, True
    assert await die_at_each(stage, moments) >= 2
    assert await statuses(stage.services) == {"completed"}


@dataclass
class OneRequest(Fault):
    """Breaks the connection of one request, by its number among those that change something."""

    method: str = "POST|PUT|PATCH"
    number: int = 0

    def takes(self, asked: Asked, *, after: bool) -> bool:
        if after != self.after or asked.method not in self.method.split("|"):
            return False
        self.number -= 1
        return self.number == -1


@pytest.mark.parametrize("after", [False, True], ids=["unheard", "unanswered"])
async def test_a_host_that_breaks_off_is_asked_again(stage: Stage, after: bool) -> None:
    for number in range(6):
        fault = OneRequest(after=after, number=number)
        stage.rig.server.api_faults = [fault]
        await stage.export_with_repeat()
        stage.assert_one_of_everything()
        if fault.number >= 0:
            break
    assert number >= 2


async def test_a_push_that_arrives_while_its_answer_does_not_is_made_once(stage: Stage) -> None:
    stage.restore()
    stored = await stage.generate()
    stage.rig.server.faults.drop_pushes = True
    with pytest.raises(Exception, match="cannot be reached"):
        await stage.export(stored)
    stage.rig.server.faults.drop_pushes = False
    await stage.export(stored)
    stage.assert_one_of_everything()
