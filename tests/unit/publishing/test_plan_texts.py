"""Plans as people read them."""

from dataclasses import replace

from repomill.publishing.merging.conflicts import Conflict, Outcome
from repomill.publishing.planning._changes import parse_changes
from repomill.publishing.planning.plan import ChangeKind, ExportMode, FileChange, Plan
from repomill.publishing.planning.texts import MOST_ROWS, conflict_table, plan_markdown, plan_text, summary

CHANGES = (
    FileChange("a|b.md", ChangeKind.ADD, added=3, removed=0),
    FileChange("logo.png", ChangeKind.CHANGE),
    FileChange("new.py", ChangeKind.MOVE, "old.py", 0, 0, protected=True),
)
CONFLICT = Conflict("a|b.md", Outcome.MARKED, "CONFLICT (content)")
PLAN = Plan(
    "https://git.example.com/shop", "main", "1" * 40, "1" * 40, ExportMode.MERGE, "sha256:a", "2" * 40,
    CHANGES, (CONFLICT,), 7, "+```\n+x\n", ("big.txt",),
)  # fmt: skip


def test_a_plan_as_text_has_a_line_for_each_change() -> None:
    text = plan_text(PLAN)
    assert "  + a|b.md  +3 -0\n" in text
    assert "  ~ logo.png  binary\n" in text
    assert "  > old.py -> new.py  +0 -0 protected\n" in text
    assert "  ! a|b.md: both changed the same lines" in text
    assert "leaves out 1 files" in text


def test_a_plan_as_markdown_escapes_what_would_break_its_table() -> None:
    text = plan_markdown(PLAN)
    assert "| add | a\\|b.md | +3 -0 |" in text
    assert "\n````diff\n+```\n+x\n````\n" in text
    assert "| a\\|b.md | both changed" in conflict_table(PLAN)


def test_the_summary_counts_kinds_and_flags() -> None:
    assert summary(PLAN) == "1 added, 1 changed, 1 moved, 1 in conflict, 1 protected, 1 binary; 7 unchanged."
    assert summary(replace(PLAN, changes=(), conflicts=())) == "no change; 7 unchanged."


def test_long_plans_are_cut() -> None:
    many = tuple(FileChange(f"f{number}", ChangeKind.ADD, added=1, removed=0) for number in range(MOST_ROWS + 5))
    plan = replace(PLAN, changes=many)
    assert "  and 5 more\n" in plan_text(plan)
    assert "and 5 more" in plan_markdown(plan)


def test_only_what_needs_a_person_is_unresolved() -> None:
    kept = replace(CONFLICT, outcome=Outcome.KEPT)
    assert replace(PLAN, conflicts=(CONFLICT, kept)).unresolved == (CONFLICT,)


def test_the_digest_is_over_what_is_pushed_onto_what() -> None:
    assert replace(PLAN, diff="", unchanged=0).digest == PLAN.digest
    others = (
        replace(PLAN, url="x"),
        replace(PLAN, branch="x"),
        replace(PLAN, head=None),
        replace(PLAN, expected=None),
        replace(PLAN, result_tree="x"),
    )
    assert len({plan.digest for plan in (PLAN, *others)}) == 6


def test_a_change_of_mode_alone_has_no_lines() -> None:
    printed = ":100644 100755 aa aa M\0run\0" + "0\t0\trun\0"
    (change,) = parse_changes(printed, lambda path: False)
    assert (change.kind, change.added, change.removed) == (ChangeKind.CHANGE, 0, 0)
