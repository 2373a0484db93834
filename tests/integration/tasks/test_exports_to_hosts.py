"""Exports of stored projects to hosts, from the database to real Git behind the vendors' APIs."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from repomill.errors import (
    HostRefused,
    MergeConflicts,
    RepositoryBusy,
    RepositoryForeign,
    TokenScopeMissing,
    TreeBlocked,
)
from repomill.publishing.exports import Exported
from repomill.publishing.hosts.markers import marker_topic
from repomill.publishing.merging.policy import MergeAction, MergeRule
from repomill.publishing.options import OnFailure, RequestUse
from repomill.publishing.planning.plan import ExportMode
from repomill.trees.tree import TreeFile
from tasks.publish import publish
from tasks.repository_lease import repository_lease
from tasks.services import Services
from tests.fakes.host_exports import PATH, TOKEN, VENDORS, Rig, host_rig
from tests.fakes.stored_projects import store_project
from tests.integration.publishing.exports import edit_by_hand, texts_at
from tests.servers.git_http import git
from tests.servers.host_api import Fault, Given, Kept

BEFORE = "".join(f"line {number}\n" for number in range(10))
OURS, THEIRS = BEFORE.replace("line 1\n", "ours\n"), BEFORE.replace("line 8\n", "theirs\n")


@pytest.fixture(params=VENDORS)
def rig(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with host_rig(request.param, tmp_path / "host") as running:
        yield running


async def export(services: Services, folder: Path, rig: Rig, texts: dict[str, str], **options: object) -> Exported:
    files = [TreeFile(path, text.encode()) for path, text in texts.items()]
    stored = await store_project(services, folder, files)
    return await publish(services, stored.project, rig.target("", **options), None, rig.login)


async def test_a_repository_is_made_with_its_marker_and_pushed_to(services: Services, tmp_path: Path, rig: Rig) -> None:
    exported = await export(services, tmp_path, rig, {"a.txt": BEFORE}, description="Tea.")
    assert exported.url.endswith(PATH)
    assert (rig.kept.visibility, rig.kept.topics) == ("private", [marker_topic("tea")])
    assert git("-C", str(rig.git), "rev-parse", "main") == exported.commit


async def test_what_a_person_changed_is_still_there_after_the_next_generation(
    services: Services, tmp_path: Path, rig: Rig
) -> None:
    await export(services, tmp_path, rig, {"a.txt": BEFORE})
    edit_by_hand(rig.git, {"a.txt": THEIRS, "mine.txt": "mine\n"})
    exported = await export(services, tmp_path, rig, {"a.txt": OURS})
    assert texts_at(rig.git) == {"a.txt": OURS.replace("line 8\n", "theirs\n"), "mine.txt": "mine\n"}
    assert (exported.request, exported.branch) == ("", "main")


async def test_conflicts_wait_in_a_request_until_a_person_looks(services: Services, tmp_path: Path, rig: Rig) -> None:
    await export(services, tmp_path, rig, {"a.txt": BEFORE})
    edit_by_hand(rig.git, {"a.txt": BEFORE.replace("line 1\n", "theirs\n")})
    exported = await export(services, tmp_path, rig, {"a.txt": OURS}, labels=("generated",))
    [request] = rig.kept.requests
    assert (exported.branch, exported.conflicts, bool(exported.request)) == ("repomill/tea", ("a.txt",), True)
    assert "| a.txt |" in request.body
    assert "<<<<<<<" in texts_at(rig.git, "repomill/tea")["a.txt"]
    assert texts_at(rig.git)["a.txt"] == BEFORE.replace("line 1\n", "theirs\n")


async def test_a_request_that_waits_takes_up_later_generations_and_the_commits_on_it(
    services: Services, tmp_path: Path, rig: Rig
) -> None:
    await export(services, tmp_path, rig, {"a.txt": BEFORE})
    first = await export(services, tmp_path, rig, {"a.txt": OURS}, request=RequestUse.ALWAYS)
    edit_by_hand(rig.git, {"a.txt": OURS.replace("line 8\n", "theirs\n")}, "repomill/tea")
    second = await export(services, tmp_path, rig, {"a.txt": OURS, "b.txt": "b\n"})
    assert (first.request, first.branch) == (second.request, second.branch)
    assert len(rig.kept.requests) == 1
    assert texts_at(rig.git, "repomill/tea") == {"a.txt": OURS.replace("line 8\n", "theirs\n"), "b.txt": "b\n"}
    assert texts_at(rig.git) == {"a.txt": BEFORE}


async def test_after_a_request_was_closed_there_is_a_new_branch(services: Services, tmp_path: Path, rig: Rig) -> None:
    await export(services, tmp_path, rig, {"a.txt": BEFORE})
    await export(services, tmp_path, rig, {"a.txt": OURS}, request=RequestUse.ALWAYS)
    rig.kept.requests[0].open = False
    again = await export(services, tmp_path, rig, {"a.txt": OURS, "b.txt": ""}, request=RequestUse.ALWAYS)
    assert again.branch == "repomill/tea-2"
    assert [request.head for request in rig.kept.requests if request.open] == ["repomill/tea-2"]


async def test_replacing_takes_the_edits_away_but_not_out_of_the_history(
    services: Services, tmp_path: Path, rig: Rig
) -> None:
    await export(services, tmp_path, rig, {"a.txt": BEFORE})
    by_hand = edit_by_hand(rig.git, {"a.txt": THEIRS})
    await export(services, tmp_path, rig, {"a.txt": OURS}, mode=ExportMode.REPLACE)
    assert texts_at(rig.git) == {"a.txt": OURS}
    assert git("-C", str(rig.git), "rev-parse", "main~1") == by_hand


async def test_rules_say_who_decides_about_a_path(services: Services, tmp_path: Path, rig: Rig) -> None:
    await export(services, tmp_path, rig, {"a.txt": BEFORE, "b.txt": BEFORE})
    edit_by_hand(rig.git, {"a.txt": "theirs\n", "b.txt": "theirs\n"})
    rules = (MergeRule("a.txt", MergeAction.OURS), MergeRule("b.txt", MergeAction.THEIRS))
    await export(services, tmp_path, rig, {"a.txt": OURS, "b.txt": OURS}, rules=rules)
    assert texts_at(rig.git) == {"a.txt": OURS, "b.txt": "theirs\n"}


async def test_conflicts_that_may_not_ask_for_a_request_send_nothing(
    services: Services, tmp_path: Path, rig: Rig
) -> None:
    await export(services, tmp_path, rig, {"a.txt": BEFORE})
    by_hand = edit_by_hand(rig.git, {"a.txt": BEFORE.replace("line 1\n", "theirs\n")})
    with pytest.raises(MergeConflicts, match=r"a\.txt"):
        await export(services, tmp_path, rig, {"a.txt": OURS}, request=RequestUse.NEVER)
    assert git("-C", str(rig.git), "for-each-ref", "--format=%(objectname)") == by_hand


async def test_a_foreign_repository_is_not_touched(services: Services, tmp_path: Path, rig: Rig) -> None:
    rig.server.keep(Kept(PATH, "private"))
    (tmp_path / "theirs").mkdir()
    git("init", "--quiet", "--initial-branch=main", str(tmp_path / "theirs"))
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    git("-C", str(tmp_path / "theirs"), *who, "commit", "--quiet", "--allow-empty", "-m", "Theirs")
    git("-C", str(tmp_path / "theirs"), "push", "--quiet", str(rig.git), "main")
    with pytest.raises(RepositoryForeign):
        await export(services, tmp_path, rig, {"a.txt": BEFORE}, on_failure=OnFailure.DELETE_IF_CREATED)
    assert (rig.kept.topics, rig.kept.description) == ([], "")


async def test_the_branch_is_protected_where_that_is_asked_for(services: Services, tmp_path: Path, rig: Rig) -> None:
    await export(services, tmp_path, rig, {"a.txt": BEFORE}, protect=True)
    assert [*rig.kept.protections] == ["main"]


async def test_a_tree_that_holds_the_token_makes_no_repository(services: Services, tmp_path: Path, rig: Rig) -> None:
    with pytest.raises(TreeBlocked) as caught:
        await export(services, tmp_path, rig, {"a.txt": f"it is {TOKEN}\n"})
    assert TOKEN not in str(caught.value)
    assert not rig.server.kept


async def test_what_was_made_for_an_export_that_failed_is_removed_if_asked(
    services: Services, tmp_path: Path, rig: Rig
) -> None:
    refusal = Given(422, {"message": "no protection for you"})
    rig.server.api_faults = [Fault("PUT|POST", ".*protect.*", given=refusal, times=9)]
    options = {"protect": True, "on_failure": OnFailure.DELETE_IF_CREATED}
    with pytest.raises(HostRefused):
        await export(services, tmp_path, rig, {"a.txt": BEFORE}, **options)
    assert not rig.server.kept


async def test_an_adopted_repository_is_never_removed(services: Services, tmp_path: Path, rig: Rig) -> None:
    rig.server.keep(Kept(PATH, "private"))
    refusal = Given(422, {"message": "no protection for you"})
    rig.server.api_faults = [Fault("PUT|POST", ".*protect.*", given=refusal, times=9)]
    with pytest.raises(HostRefused):
        await export(services, tmp_path, rig, {"a.txt": BEFORE}, protect=True, on_failure=OnFailure.DELETE_IF_CREATED)
    assert PATH in rig.server.kept


async def test_a_second_export_to_a_repository_waits_for_the_first(services: Services) -> None:
    async with repository_lease(services, "github:ada/shop"):
        async with repository_lease(services, "github:ada/other"):
            pass
        with pytest.raises(RepositoryBusy, match="ada/shop"):
            async with repository_lease(services, "github:ada/shop", patience=0):
                pass
    async with repository_lease(services, "github:ada/shop", patience=0):
        pass


async def test_a_token_without_the_scopes_makes_nothing(services: Services, tmp_path: Path) -> None:
    with host_rig("github", tmp_path / "host") as rig:
        rig.server.tokens[TOKEN] = replace(rig.server.tokens[TOKEN], scopes=frozenset({"gist"}))
        with pytest.raises(TokenScopeMissing, match="`repo`"):
            await export(services, tmp_path, rig, {"a.txt": BEFORE})
        assert not rig.server.kept
