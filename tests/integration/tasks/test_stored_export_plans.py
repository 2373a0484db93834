"""Plans that are stored, looked at, and applied exactly as they are; and what drifted since."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from repomill.errors import (
    CredentialsNeeded,
    ExportNotFound,
    ExportPlanNotFound,
    PlanOutdated,
    RepositoryForeign,
    TreeBlocked,
)
from repomill.publishing.hosts.registry import host_kinds
from repomill.publishing.options import RequestUse
from repomill.publishing.planning.texts import plan_text
from repomill.publishing.saga.applying import Applying
from repomill.trees.tree import TreeFile
from storage.database.work import Work
from tasks.drift import drift_of
from tasks.export_plans import StoredPlan, apply_stored, find_plan, plan_export, plan_facts
from tasks.publish import publish
from tasks.services import Services
from tests.fakes.host_exports import PATH, TOKEN, VENDORS, Rig, host_rig
from tests.fakes.stored_projects import store_project
from tests.integration.publishing.exports import edit_by_hand, texts_at
from tests.servers.git_http import git


@pytest.fixture(params=VENDORS)
def rig(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with host_rig(request.param, tmp_path / "host") as running:
        yield running


async def planned(services: Services, folder: Path, rig: Rig, **texts: str) -> StoredPlan:
    await store_project(services, folder, [TreeFile(f"{name}.txt", text.encode()) for name, text in texts.items()])
    return await plan_export(services, "latest", rig.target(), rig.login)


async def test_a_plan_for_a_new_repository_changes_nothing_and_is_applied_as_it_is(
    services: Services, tmp_path: Path, rig: Rig
) -> None:
    stored = await planned(services, tmp_path, rig, a="one\n")
    assert not rig.server.kept
    assert "+ a.txt" in plan_text(stored.plan)
    exported = await apply_stored(services, stored.id, rig.login)
    assert texts_at(rig.git) == {"a.txt": "one\n"}
    assert git("-C", str(rig.git), "rev-parse", "main") == exported.commit
    assert await apply_stored(services, stored.id[:8], rig.login) == exported


async def test_a_plan_for_a_repository_with_history_is_applied_as_it_is(
    services: Services, tmp_path: Path, rig: Rig
) -> None:
    await apply_stored(services, (await planned(services, tmp_path, rig, a="one\n")).id, rig.login)
    edit_by_hand(rig.git, {"mine.txt": "mine\n"})
    stored = await planned(services, tmp_path, rig, a="two\n")
    assert stored.plan.counts["change"] == 1
    assert (await find_plan(services, stored.id)).plan == stored.plan
    await apply_stored(services, stored.id, rig.login)
    assert texts_at(rig.git) == {"a.txt": "two\n", "mine.txt": "mine\n"}


async def test_a_plan_says_whether_a_request_is_opened(services: Services, tmp_path: Path, rig: Rig) -> None:
    first = await planned(services, tmp_path, rig, a="one\n")
    assert first.applying == Applying("main")
    await apply_stored(services, first.id, rig.login)
    stored = await plan_export(services, "latest", rig.target(request=RequestUse.ALWAYS), rig.login)
    assert stored.applying == Applying(stored.plan.branch, "main", host_kinds()[rig.kind].request)
    assert (await find_plan(services, stored.id)).applying == stored.applying
    assert plan_facts(stored)["applying"]["into"] == "main"


async def test_a_host_is_not_asked_without_credentials(services: Services, tmp_path: Path, rig: Rig) -> None:
    await store_project(services, tmp_path)
    with pytest.raises(CredentialsNeeded, match=rig.kind):
        await plan_export(services, "latest", rig.target(), None)
    assert not rig.server.api_calls


async def test_a_plan_does_not_hold_once_somebody_pushed(services: Services, tmp_path: Path, rig: Rig) -> None:
    await apply_stored(services, (await planned(services, tmp_path, rig, a="one\n")).id, rig.login)
    stored = await planned(services, tmp_path, rig, a="two\n")
    theirs = edit_by_hand(rig.git, {"b.txt": ""})
    with pytest.raises(PlanOutdated):
        await apply_stored(services, stored.id, rig.login)
    assert git("-C", str(rig.git), "for-each-ref", "--format=%(objectname)") == theirs


async def test_the_same_plan_is_kept_once(services: Services, tmp_path: Path) -> None:
    with host_rig("github", tmp_path / "host") as rig:
        first = await planned(services, tmp_path, rig, a="one\n")
        again = await plan_export(services, "latest", rig.target(), rig.login)
    assert (first.id, first.plan) == (again.id, again.plan)
    assert plan_facts(first)["digest"] == first.plan.digest


async def test_nothing_is_planned_for_a_foreign_repository(services: Services, tmp_path: Path) -> None:
    with host_rig("github", tmp_path / "host") as rig:
        await store_project(services, tmp_path, project="other")
        await apply_stored(services, (await plan_export(services, "latest", rig.target(), rig.login)).id, rig.login)
        rig.kept.topics = []
        with pytest.raises(RepositoryForeign):
            await planned(services, tmp_path, rig, a="one\n")


async def test_a_tree_that_may_not_leave_is_neither_planned_nor_applied(services: Services, tmp_path: Path) -> None:
    with host_rig("github", tmp_path / "host") as rig:
        with pytest.raises(TreeBlocked):
            await planned(services, tmp_path, rig, a=f"{TOKEN}\n")
        assert not rig.server.kept


@pytest.mark.parametrize("reference", ["", "none", "0" * 32])
async def test_what_is_no_plan_is_said(services: Services, reference: str) -> None:
    with pytest.raises(ExportPlanNotFound):
        await find_plan(services, reference)


async def test_an_export_without_a_plan_is_none(services: Services, tmp_path: Path) -> None:
    with host_rig("github", tmp_path / "host") as rig:
        stored = await store_project(services, tmp_path)
        exported = await publish(services, stored.project, rig.target(), None, rig.login)
        with pytest.raises(ExportPlanNotFound):
            await apply_stored(services, exported.export_id, rig.login)


async def test_drift_names_what_people_changed(services: Services, tmp_path: Path, rig: Rig) -> None:
    await apply_stored(services, (await planned(services, tmp_path, rig, a="1\n", b="2\n", c="3\n")).id, rig.login)
    edit_by_hand(rig.git, {"a.txt": "mine\n", "b.txt": None, "mine.txt": ""})
    for name in (f"{rig.kind}:{PATH}", f"{rig.server.url}/{PATH}.git"):
        found = await drift_of(services, name, rig.login)
        assert (found.edited, found.missing, found.extra) == (("a.txt",), ("b.txt",), ("mine.txt",))
        assert found.unchanged == ("c.txt",)


async def test_drift_of_a_repository_that_nothing_went_to_is_not_known(services: Services) -> None:
    with pytest.raises(ExportNotFound):
        await drift_of(services, "github:ada/none", None)


async def test_a_plan_names_its_credentials_and_holds_none(services: Services, tmp_path: Path) -> None:
    with host_rig("github", tmp_path / "host") as rig:
        await planned(services, tmp_path, rig, a="one\n")

    def configs(work: Work) -> str:
        return str([(row.config, [step.detail for step in work.exports.steps(row.id)]) for row in work.exports.find(9)])

    assert TOKEN not in await services.database.run(services.scope, configs)
