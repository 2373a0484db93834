"""What a policy says, and how it is written down."""

import json

import pytest
from pydantic import ValidationError

from repomill.trees.policy import Action, ProtectedPath, TreePolicy
from repomill.trees.policy.protected import ProtectedPaths


def deciding(path: str, *entries: tuple[str, Action]) -> Action | None:
    protected = [ProtectedPath(pattern=pattern, action=action) for pattern, action in entries]
    entry = ProtectedPaths(protected or TreePolicy().protected).deciding(path)
    return entry.action if entry else None


def test_a_policy_survives_its_json_form() -> None:
    policy = TreePolicy(max_files=7, secrets="review", protected=(ProtectedPath(pattern="a", action="block"),))
    assert TreePolicy.model_validate_json(policy.model_dump_json()) == policy


def test_equal_policies_have_equal_digests_and_others_do_not() -> None:
    assert TreePolicy(version=1, placeholders="block").digest == TreePolicy().digest
    assert TreePolicy(placeholders="review").digest != TreePolicy().digest
    assert TreePolicy().digest.startswith("sha256:")


def test_what_is_not_said_is_the_default() -> None:
    policy = TreePolicy.model_validate({"max_file_size": 5})
    assert (policy.max_file_size, policy.secrets, policy.placeholders) == (5, "block", "block")


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": 2},
        {"max_file_size": 0},
        {"max_files": -1},
        {"placeholders": "warn"},
        {"secret": "block"},
        {"protected": [{"pattern": "!a", "action": "block"}]},
        {"protected": [{"pattern": "#a", "action": "block"}]},
        {"protected": [{"pattern": "a\nb", "action": "block"}]},
        {"protected": [{"pattern": " a", "action": "block"}]},
        {"protected": [{"pattern": "", "action": "block"}]},
        {"protected": [{"pattern": "a", "action": "ask"}]},
    ],
)
def test_a_wrong_policy_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TreePolicy.model_validate_json(json.dumps(wrong))


def test_a_policy_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        TreePolicy().max_files = 1  # type: ignore[misc]  # what is tried


@pytest.mark.parametrize(
    "path",
    [
        ".github/workflows/ci.yml", ".github/workflows/deep/ci.yml", ".gitlab-ci.yml", "sub/.gitlab-ci.yml",
        "Jenkinsfile", ".circleci/config.yml", "azure-pipelines.yml", "CODEOWNERS", ".github/CODEOWNERS",
        "docs/CODEOWNERS", "package-lock.json", "web/package-lock.json", "requirements-dev.lock", "uv.lock",
        "Cargo.lock", "go.sum",
        ".gitmodules", ".husky/pre-commit", "pylock.dev.toml",
    ],
)  # fmt: skip
def test_by_default_files_that_run_or_decide_are_reviewed(path: str) -> None:
    assert deciding(path) == "review"


@pytest.mark.parametrize(
    "path",
    ["src/app.py", "docs/workflows/ci.yml", "github/workflows/ci.yml", "lock.json", "codeowners.md", "go.summary"],
)
def test_other_files_are_not_protected(path: str) -> None:
    assert deciding(path) is None


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("infra/", "infra/a/b.tf", True),
        ("infra/", "a/infra/b.tf", True),
        ("/infra/", "a/infra/b.tf", False),
        ("a/b", "x/a/b", False),
        ("**/b/*.sql", "x/b/y.sql", True),
        ("*.pem", "keys/a.pem", True),
        ("*.pem", "keys/a.pem.txt", False),
        ("a?c", "abc", True),
        ("[ab].txt", "b.txt", True),
        ("src/**/gen", "src/x/y/gen/z", True),
        (r"\#a", "#a", True),
    ],
)
def test_patterns_mean_what_they_mean_to_git(pattern: str, path: str, matches: bool) -> None:
    assert (deciding(path, (pattern, "block")) == "block") is matches


def test_the_last_entry_that_matches_decides() -> None:
    entries: list[tuple[str, Action]] = [("*.lock", "block"), ("/uv.lock", "allow"), ("deep/", "review")]
    assert deciding("uv.lock", *entries) == "allow"
    assert deciding("x/uv.lock", *entries) == "block"
    assert deciding("deep/uv.lock", *entries) == "review"


def test_a_project_adds_entries_that_win_over_the_defaults() -> None:
    policy = TreePolicy().with_protected(ProtectedPath(pattern=".github/workflows/", action="block"))
    entry = ProtectedPaths(policy.protected).deciding(".github/workflows/ci.yml")
    assert entry is not None
    assert entry.action == "block"
