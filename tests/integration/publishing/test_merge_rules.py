"""What rules, moves, modes and names do in a merge; each on a tree of a few files."""

import pytest

from repomill.errors import MergePatternInvalid, MergeRuleInvalid
from repomill.publishing.merging.policy import MergeAction, MergePolicy, MergeRule, parse_rule
from repomill.trees.tree import TreeFile
from tests.integration.publishing.exports import lines
from tests.integration.publishing.merges import merged

BASE, OURS, THEIRS = lines("a"), lines("a").replace("a 2", "generated"), lines("a").replace("a 2", "person")


@pytest.mark.parametrize(
    ("action", "text"), [(MergeAction.OURS, OURS), (MergeAction.THEIRS, THEIRS), (MergeAction.NEVER, THEIRS)]
)
async def test_a_rule_decides_who_wins(action: MergeAction, text: str) -> None:
    result = await merged(
        {"f": BASE, "g": "1\n"}, {"f": OURS, "g": "2\n"}, {"f": THEIRS, "g": "1\n"}, [MergeRule("f", action)]
    )
    assert result.texts == {"f": text, "g": "2\n"}
    assert not result.conflicts


@pytest.mark.parametrize(
    ("action", "there"), [(MergeAction.OURS, True), (MergeAction.THEIRS, False), (MergeAction.NEVER, False)]
)
async def test_a_file_that_was_deleted_comes_back_only_where_the_generation_rules(
    action: MergeAction, *, there: bool
) -> None:
    result = await merged({"f": BASE}, {"f": OURS}, {"g": ""}, [MergeRule("f", action)])
    assert ("f" in result.texts) is there
    assert not result.conflicts


@pytest.mark.parametrize(
    ("action", "there"), [(MergeAction.OURS, True), (MergeAction.THEIRS, True), (MergeAction.NEVER, False)]
)
async def test_a_new_file_is_added_unless_its_path_is_never_touched(action: MergeAction, *, there: bool) -> None:
    result = await merged({"g": "1\n"}, {"g": "1\n", "f": OURS}, {"g": "1\n"}, [MergeRule("f", action)])
    assert ("f" in result.texts) is there


async def test_a_file_that_is_never_touched_is_not_removed() -> None:
    result = await merged({"f": BASE, "g": ""}, {"g": "x"}, {"f": BASE, "g": ""}, [MergeRule("f", MergeAction.NEVER)])
    assert result.texts == {"f": BASE, "g": "x"}


def test_the_last_rule_that_matches_decides() -> None:
    policy = MergePolicy([MergeRule("docs/**", MergeAction.THEIRS), MergeRule("*.md", MergeAction.OURS)])
    assert policy.decide("docs/a.md") is MergeAction.OURS
    assert policy.decide("docs/a.txt") is MergeAction.THEIRS
    assert policy.decide("src/a.py") is MergeAction.MERGE


def test_a_pattern_that_is_none_is_refused() -> None:
    with pytest.raises(MergePatternInvalid):
        MergePolicy([MergeRule("!", MergeAction.OURS)])


def test_a_rule_is_read_from_one_word() -> None:
    assert parse_rule("docs/**=theirs") == MergeRule("docs/**", MergeAction.THEIRS)
    assert parse_rule("a=b.txt=never") == MergeRule("a=b.txt", MergeAction.NEVER)


@pytest.mark.parametrize("text", ["", "docs", "=ours", "docs=mine"])
def test_what_is_no_rule_is_refused_with_the_actions_there_are(text: str) -> None:
    with pytest.raises(MergeRuleInvalid) as caught:
        parse_rule(text)
    assert "merge, ours, theirs, never" in caught.value.advice()


async def test_a_new_file_follows_the_folder_that_a_person_moved() -> None:
    base = {f"src/{name}.py": lines(name) for name in "abc"}
    theirs = {f"app/{name}.py": lines(name) for name in "abc"}
    result = await merged(base, {**base, "src/d.py": lines("d")}, theirs)
    assert result.texts.keys() == {"app/a.py", "app/b.py", "app/c.py", "app/d.py"}


async def test_a_file_that_both_moved_is_where_the_person_moved_it() -> None:
    result = await merged({"a": lines("a")}, {"b": lines("a") + "end\n"}, {"c": "begin\n" + lines("a")})
    assert result.texts == {"c": "begin\n" + lines("a") + "end\n"}
    assert result.outcome("b") == "moved"


async def test_a_folder_where_a_file_was_stays() -> None:
    result = await merged({"a": lines("a"), "z": ""}, {"a": OURS, "z": ""}, {"a/b": "x", "z": ""})
    assert result.texts == {"a/b": "x", "z": ""}
    assert result.outcome("a") == "stays_deleted"


async def test_a_file_where_the_generation_wants_a_folder_stays_beside_it() -> None:
    result = await merged({"z": ""}, {"a/b": "x\n", "z": ""}, {"a": "mine\n", "z": ""})
    assert result.texts["a/b"] == "x\n"
    assert "mine\n" in result.texts.values()
    assert [conflict.unresolved for conflict in result.conflicts] == [True]


async def test_modes_are_merged() -> None:
    theirs = [TreeFile("run", lines("run").encode(), "100755")]
    result = await merged({"run": lines("run")}, {"run": lines("run") + "end\n"}, theirs)
    assert result.blobs["run"].mode == "100755"
    assert result.texts["run"].endswith("end\n")


async def test_formats_that_look_like_text_are_not_merged_as_text() -> None:
    result = await merged({"a.pdf": BASE}, {"a.pdf": BASE + "1\n"}, {"a.pdf": "0\n" + BASE})
    assert result.texts["a.pdf"] == "0\n" + BASE
    assert result.outcome("a.pdf") == "kept"


async def test_odd_paths_are_merged() -> None:
    path = 'näme "with" \\ and space\tand tab'
    result = await merged({path: BASE}, {path: BASE + "end\n"}, {path: "begin\n" + BASE})
    assert result.texts == {path: "begin\n" + BASE + "end\n"}


async def test_conflicts_are_told_in_sentences() -> None:
    result = await merged({"f": BASE}, {"f": OURS}, {"f": THEIRS})
    (conflict,) = result.conflicts
    assert "both" in conflict.sentence()
    assert conflict.to_json()["outcome"] == "marked"
