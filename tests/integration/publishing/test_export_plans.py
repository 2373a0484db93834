"""Plans: what they say, what they cost, and that exactly they are applied."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from repomill.canonical import Json
from repomill.errors import PlanOutdated, PlanUnreadable
from repomill.publishing.commits import CommitDetails
from repomill.publishing.git_push import GitAccess
from repomill.publishing.journal import Facts, MemoryJournal, Step
from repomill.publishing.merging.policy import MergeAction, MergePolicy, MergeRule
from repomill.publishing.planning.apply_plan import apply_plan
from repomill.publishing.planning.drift import find_drift
from repomill.publishing.planning.export import Export
from repomill.publishing.planning.make_plan import make_plan
from repomill.publishing.planning.plan import Plan
from repomill.publishing.targets import GitTarget
from tests.integration.publishing.exports import Texts, edit_by_hand, files, lines, merging, stored, texts_at
from tests.integration.publishing.projects import count_commits, details
from tests.servers.git_http import GitServer, git

FIRST: Texts = {"README.md": lines("readme"), "src/a.py": lines("a"), "src/b.py": lines("b"), "logo.png": b"\0\1\2"}
SECOND: Texts = {**FIRST, "README.md": lines("readme") + "more\n", "src/c.py": lines("c"), "logo.png": b"\0\1\3"}
DETAILS = details(files(FIRST), "e1")


@pytest.fixture
async def exported(bare: Path) -> Path:
    """A bare repository that holds the first tree."""
    export = Export(stored(FIRST), GitTarget(bare.as_uri()))
    await apply_plan(await make_plan(export), export, DETAILS)
    return bare


def again(texts: Texts) -> CommitDetails:
    return details(files(texts), "e2")


def kinds(plan: Plan) -> dict[str, str]:
    return {change.path: change.kind.value for change in plan.changes}


async def test_a_plan_for_an_empty_repository_adds_everything(bare: Path) -> None:
    plan = await make_plan(Export(stored(FIRST), GitTarget(bare.as_uri())))
    assert plan.head is None
    assert set(kinds(plan).values()) == {"add"}
    assert (plan.counts["add"], plan.counts["binary"], plan.counts["unchanged"]) == (4, 1, 0)


async def test_a_plan_tells_of_every_file_that_will_differ(exported: Path) -> None:
    tree: Texts = {
        "README.md": lines("readme") + "more\n",
        "lib/a.py": lines("a"),
        "logo.png": b"\0\1\3",
        "new.py": "x\n",
    }
    plan = await make_plan(Export(stored(tree), GitTarget(exported.as_uri()), protected="lib/a.py".__eq__))
    assert kinds(plan) == {
        "README.md": "change", "lib/a.py": "move", "logo.png": "change", "new.py": "add", "src/b.py": "delete",
    }  # fmt: skip
    moved = plan.changes[1]
    assert (moved.moved_from, moved.added, moved.removed, moved.protected) == ("src/a.py", 0, 0, True)
    assert plan.counts["protected"] == plan.counts["binary"] == 1
    assert "+more\n" in plan.diff


async def test_making_a_plan_changes_nothing(exported: Path) -> None:
    before = (count_commits(exported), texts_at(exported))
    await make_plan(Export(stored(SECOND), GitTarget(exported.as_uri())))
    assert (count_commits(exported), texts_at(exported)) == before


async def test_what_was_planned_is_pushed(exported: Path) -> None:
    export = Export(stored(SECOND), GitTarget(exported.as_uri()))
    plan = await make_plan(export)
    pushed = await apply_plan(plan, export, again(SECOND))
    assert (pushed.created, pushed.unchanged) == (False, False)
    assert texts_at(exported)["src/c.py"] == lines("c")
    assert (await make_plan(export)).changes == ()


async def test_a_plan_survives_being_stored(exported: Path) -> None:
    plan = await make_plan(Export(stored(SECOND), GitTarget(exported.as_uri())))
    assert Plan.from_json(plan.to_json()) == plan


@pytest.mark.parametrize("change", [{"branch": "other"}, {"head": 3}, {"digest": "sha256:0"}, {"changes": None}])
async def test_a_plan_that_was_edited_is_refused(bare: Path, change: dict[str, Json]) -> None:
    plan = await make_plan(Export(stored(FIRST), GitTarget(bare.as_uri())))
    with pytest.raises(PlanUnreadable):
        Plan.from_json(plan.to_json() | change)


async def test_a_plan_is_refused_once_the_branch_moved(exported: Path) -> None:
    export = Export(stored(SECOND), GitTarget(exported.as_uri()))
    plan = await make_plan(export)
    by_hand = edit_by_hand(exported, {"README.md": "mine\n"})
    with pytest.raises(PlanOutdated, match=by_hand):
        await apply_plan(plan, export, again(SECOND))
    assert texts_at(exported)["README.md"] == "mine\n"


@pytest.mark.parametrize(
    "other",
    [
        lambda export: replace(export, tree=stored({**SECOND, "x": "y"})),
        lambda export: replace(export, policy=MergePolicy([MergeRule("*.md", MergeAction.NEVER)])),
        lambda export: replace(export, target=GitTarget(export.target.url, "other"), start_branch="main"),
    ],
    ids=["tree", "rules", "branch"],
)
async def test_a_plan_is_refused_for_another_export(exported: Path, other: Callable[[Export], Export]) -> None:
    export = Export(stored(SECOND), GitTarget(exported.as_uri()))
    plan = await make_plan(export)
    with pytest.raises(PlanOutdated):
        await apply_plan(plan, other(export), again(SECOND))
    assert count_commits(exported) == 1


async def test_applying_twice_makes_one_commit(exported: Path) -> None:
    export, journal = Export(stored(SECOND), GitTarget(exported.as_uri())), MemoryJournal()
    plan = await make_plan(export)
    first = await apply_plan(plan, export, again(SECOND), journal)
    assert await apply_plan(plan, export, again(SECOND), journal) == first
    assert count_commits(exported) == 2


@pytest.mark.parametrize("went_on", [False, True])
async def test_a_push_that_was_never_noted_is_found(exported: Path, *, went_on: bool) -> None:
    export, journal = Export(stored(SECOND), GitTarget(exported.as_uri())), MemoryJournal()
    plan = await make_plan(export)
    first = await apply_plan(plan, export, again(SECOND), journal)
    journal.steps = {step: facts for step, facts in journal.steps.items() if step.value == "commit"}
    if went_on:
        edit_by_hand(exported, {"by-hand": "x"})
    assert (await apply_plan(plan, export, again(SECOND), journal)).commit == first.commit
    assert count_commits(exported) == 2 + went_on


async def test_a_merge_keeps_what_people_did(exported: Path) -> None:
    edit_by_hand(exported, {"src/a.py": "ada\n" + lines("a"), "src/b.py": None, "moved.md": lines("readme"),
                            "README.md": None})  # fmt: skip
    export = merging(exported.as_uri(), FIRST, SECOND)
    await apply_plan(await make_plan(export), export, again(SECOND))
    found = texts_at(exported)
    assert found["src/a.py"] == "ada\n" + lines("a")
    assert found["moved.md"] == lines("readme") + "more\n"
    assert found.keys() == {"src/a.py", "src/c.py", "moved.md", "logo.png"}


async def test_a_merged_commit_names_its_base_and_is_nobodys_to_replace(exported: Path) -> None:
    edit_by_hand(exported, {"by-hand": "x\n"})
    export = merging(exported.as_uri(), FIRST, SECOND)
    pushed = await apply_plan(await make_plan(export), export, again(SECOND))
    message = git("-C", str(exported), "show", "-s", "--format=%B", pushed.commit)
    assert f"Repomill-Base: {again(SECOND).tree_digest}" in message
    assert "Repomill-Tree" not in message


async def test_a_merge_that_changes_nothing_pushes_nothing(exported: Path) -> None:
    head = edit_by_hand(exported, {"by-hand": "x\n"})
    export = merging(exported.as_uri(), FIRST, FIRST)
    pushed = await apply_plan(await make_plan(export), export, again(FIRST))
    assert (pushed.commit, pushed.unchanged) == (head, True)


async def test_a_rolling_branch_starts_at_main_and_takes_commits_of_people_along(exported: Path) -> None:
    export = replace(merging(exported.as_uri(), FIRST, SECOND, "repomill/shop"), start_branch="main")
    first = await apply_plan(await make_plan(export), export, again(SECOND))
    edit_by_hand(exported, {"src/c.py": "ada\n" + lines("c")}, "repomill/shop")
    third: Texts = {**SECOND, "src/c.py": lines("c") + "end\n"}
    export = replace(merging(exported.as_uri(), SECOND, third, "repomill/shop"), start_branch="main")
    await apply_plan(await make_plan(export), export, again(third))
    assert first.created
    assert texts_at(exported, "repomill/shop")["src/c.py"] == "ada\n" + lines("c") + "end\n"
    assert texts_at(exported) == texts_at(exported, "main")


async def test_drift_sorts_every_path(exported: Path) -> None:
    edit_by_hand(exported, {"src/a.py": "x", "src/b.py": None, "new.txt": "y"})
    drift = await find_drift(Export(stored(FIRST), GitTarget(exported.as_uri())))
    assert drift.any
    assert (drift.edited, drift.missing, drift.extra) == (("src/a.py",), ("src/b.py",), ("new.txt",))
    assert drift.to_json()["unchanged"] == ["README.md", "logo.png"]


async def test_a_plan_downloads_only_contents_that_change(server: GitServer, access: GitAccess) -> None:
    url = server.create("shop.git")
    noise = bytes(range(256)) * 4000
    first: Texts = {**FIRST, "noise.bin": noise + b"1", "more.bin": noise + b"2"}
    export = Export(stored(first), GitTarget(url), access=access)
    await apply_plan(await make_plan(export), export, again(first))
    server.sent = 0
    plan = await make_plan(Export(stored({**first, "README.md": "x\n"}), GitTarget(url), access=access))
    assert kinds(plan) == {"README.md": "change"}
    assert 0 < server.sent < 6_000


class Meanwhile(MemoryJournal):
    """Does something after the commit was made and before it is pushed."""

    def __init__(self, meddle: Callable[[], object]) -> None:
        super().__init__()
        self.meddle = meddle

    async def note(self, step: Step, facts: Facts) -> None:
        await super().note(step, facts)
        if step is Step.COMMIT:
            self.meddle()


async def test_a_commit_that_comes_at_the_last_moment_is_not_overwritten(exported: Path) -> None:
    export = Export(stored(SECOND), GitTarget(exported.as_uri()))
    plan = await make_plan(export)
    journal = Meanwhile(lambda: edit_by_hand(exported, {"by-hand": "x"}))
    with pytest.raises(PlanOutdated, match="by now"):
        await apply_plan(plan, export, again(SECOND), journal)
    assert "by-hand" in texts_at(exported)
