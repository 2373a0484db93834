"""Conversations nobody goes on with are forgotten whole, once somebody has set an age."""

from typing import Any

import pytest

from repomill.canonical import canonical_json
from repomill.memory.port import MemoryScope
from repomill.retention import RetentionRules
from storage.artifacts.keys import memory_key
from storage.database.repositories.memories import MemoryOwner, NewTurn
from storage.database.repositories.retention import Page
from storage.database.work import Work
from tasks.retention import Removal
from tasks.retention_rules import set_rules
from tasks.services import Services
from tests.fakes.aged_projects import NOW, SetClock, keys, retain
from tests.fakes.stored_rows import fake_digest, new_execution

pytestmark = pytest.mark.everywhere

STEP = "forget conversation"


@pytest.fixture
def services(dated_services: Services) -> Services:
    return dated_services


async def said(  # noqa: PLR0917  # who, when, where
    services: Services,
    clock: SetClock,
    days: float,
    key: str = "tea",
    scope: MemoryScope = MemoryScope.FREE,
    project: str = "shop",
) -> None:
    """Let a run of a project add a turn to a conversation, so many days ago."""
    clock.days_ago(days)

    def write(work: Work) -> str:
        root = new_execution(work, project)
        owner = str(root.project_id) if scope is MemoryScope.PROJECT else ""
        memory = work.memories.get_or_create(MemoryOwner(scope, owner, key))
        digest = fake_digest(f"{key}{days}")
        payload = memory_key(services.scope.organisation_id, memory.id, digest)
        work.memories.append(memory, NewTurn(root.id, "talk", digest, payload, 10))
        return payload

    await services.store.put(await services.database.run(services.scope, write), canonical_json({"messages": []}))
    clock.days_ago(0)


async def remembered(services: Services) -> list[tuple[str, int]]:
    """Return each conversation's key with how many turns it has."""
    return await services.database.run(
        services.scope, lambda work: sorted((memory.key, turns) for memory, turns, _ in work.memories.list())
    )


async def forgotten(services: Services, **more: Any) -> list[Removal]:
    return [removal for removal in await retain(services, **more) if removal.step == STEP]


async def age(services: Services, days: int | None, project: str = "") -> None:
    await set_rules(services, project, {"memories_days": days})


async def test_conversations_stay_until_somebody_sets_an_age(services: Services, clock: SetClock) -> None:
    assert RetentionRules().memories_days is None
    await said(services, clock, 3000)
    assert await forgotten(services) == []
    await age(services, 60)
    [gone] = await forgotten(services)
    assert (gone.project, gone.rows, len(gone.objects), gone.bytes > 0) == ("", 1, 1, True)
    assert (await remembered(services), await keys(services, "memories")) == ([], [])


async def test_one_that_goes_on_keeps_its_oldest_turns(services: Services, clock: SetClock) -> None:
    await age(services, 60)
    for days in (400, 200, 59):
        await said(services, clock, days)
    assert await forgotten(services) == []
    assert await remembered(services) == [("tea", 3)]


async def test_a_dry_run_says_what_the_run_then_does(services: Services, clock: SetClock) -> None:
    await age(services, 60)
    for number in range(5):
        await said(services, clock, 61 + number, f"k{number}", MemoryScope.PROJECT if number % 2 else MemoryScope.FREE)
    planned = await forgotten(services, dry_run=True)
    assert len(await remembered(services)) == 5
    assert len(await keys(services, "memories")) == 5
    assert await forgotten(services) == planned
    assert [removal.project for removal in planned] == ["", "shop", "", "shop", ""]
    assert await forgotten(services) == []


async def test_a_project_may_have_an_age_of_its_own(services: Services, clock: SetClock) -> None:
    for project in ("shop", "cafe"):
        await said(services, clock, 100, project, MemoryScope.PROJECT, project)
    await age(services, 60)
    await age(services, None, "cafe")
    assert [removal.project for removal in await forgotten(services)] == ["shop"]
    assert await remembered(services) == [("cafe", 1)]
    await age(services, 90, "cafe")
    assert [removal.project for removal in await forgotten(services)] == ["cafe"]


async def test_a_hold_keeps_what_runs_of_its_project_said_whoever_shares_it(
    services: Services, clock: SetClock
) -> None:
    await said(services, clock, 100, "shared")
    await said(services, clock, 100, "other", project="cafe")
    await age(services, 60)
    await services.database.run(
        services.scope, lambda work: work.retention_marks.hold(work.projects.by_name("shop"), "court")
    )
    await forgotten(services)
    assert await remembered(services) == [("shared", 1)]


async def test_one_that_somebody_goes_on_with_meanwhile_stays(services: Services, clock: SetClock) -> None:
    await age(services, 60)
    await said(services, clock, 100)

    def race(work: Work) -> Any:
        group = next(iter(work.retention.groups()))
        return work.retention.memories_to_forget(Page(group, NOW, None, 10))

    due = await services.database.run(services.scope, race)
    await said(services, clock, 1)
    assert await services.database.run(services.scope, lambda work: work.retention.forget_memories(due)) == {}
    assert await remembered(services) == [("tea", 2)]


async def test_one_whose_project_was_deleted_follows_the_common_rules(services: Services, clock: SetClock) -> None:
    await said(services, clock, 100, scope=MemoryScope.PROJECT)
    await services.database.run(services.scope, lambda work: work.projects.delete(work.projects.by_name("shop")))
    await age(services, 60)
    assert [removal.project for removal in await forgotten(services)] == [""]
