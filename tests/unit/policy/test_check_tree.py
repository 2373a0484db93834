"""A stored tree against a policy."""

import json
from collections.abc import Iterator, Mapping, Sequence

import pytest
from pydantic import SecretStr

from repomill.trees.policy import MemoryScanCache, ProtectedPath, TreePolicy, Verdict, check_tree, scan_version
from repomill.trees.policy.check import MAX_FINDINGS
from repomill.trees.policy.findings import Finding
from repomill.trees.tree import TreeFile
from tests.fakes.secret_samples import Samples

TOKEN = Samples().github_token()


def check(files: Mapping[str, str | bytes], known: Sequence[str] = (), **policy: object) -> Verdict:
    members = [TreeFile(path, text.encode() if isinstance(text, str) else text) for path, text in files.items()]
    return check_tree(members, TreePolicy.model_validate(policy), [SecretStr(secret) for secret in known])


def codes(verdict: Verdict) -> list[tuple[str, str, int, str]]:
    return [(finding.code, finding.path, finding.line, finding.action) for finding in verdict.findings]


def test_an_ordinary_tree_passes() -> None:
    assert check({"a.py": "print(1)\n", "README.md": "# A\n"}) == Verdict((), blocked=False, needs_review=False)


def test_an_empty_tree_passes() -> None:
    assert not check({}).findings


def test_each_kind_of_finding_names_its_file_and_line() -> None:
    verdict = check(
        {
            "a.py": f"x = 1\nt = '{TOKEN}'\n",
            "b.py": "def f():\n    # ... rest of the code ...\n",
            "c.txt": "hunter2-hunter2",
            "uv.lock": "",
            "d.bin": b"x" * 1001,
        },
        known=["hunter2-hunter2"],
        max_file_size=1000,
    )
    assert codes(verdict) == [
        ("secret", "a.py", 2, "block"),
        ("placeholder", "b.py", 2, "block"),
        ("known_secret", "c.txt", 1, "block"),
        ("protected_path", "uv.lock", 0, "review"),
        ("file_too_large", "d.bin", 0, "block"),
    ]
    assert verdict.blocked
    assert verdict.needs_review


def test_a_review_alone_does_not_block() -> None:
    verdict = check({".github/workflows/ci.yml": "on: push\n"})
    assert (verdict.blocked, verdict.needs_review) == (False, True)
    assert str(verdict.findings[0]) == (
        ".github/workflows/ci.yml: The path is protected by '/.github/workflows/'. [review]"
    )


@pytest.mark.parametrize(("action", "blocked", "review"), [("block", 1, 0), ("review", 0, 1), ("allow", 0, 0)])
def test_the_policy_says_what_follows(action: str, blocked: int, review: int) -> None:
    files = {"a.py": f"'{TOKEN}'\n# existing code\n", "b.pem": ""}
    protected = [{"pattern": "*.pem", "action": action}]
    verdict = check(files, secrets=action, placeholders=action, protected=protected)
    assert (verdict.blocked, verdict.needs_review) == (bool(blocked), bool(review))
    assert len(verdict.findings) == 3 * (blocked + review)


def test_the_runs_own_secrets_block_even_where_secrets_are_allowed() -> None:
    assert check({"a": "hunter2-hunter2"}, known=["hunter2-hunter2"], secrets="allow").blocked


def test_no_finding_names_a_path_that_holds_a_secret() -> None:
    verdict = check({"hunter2-hunter2/uv.lock": "hunter2-hunter2"}, known=["hunter2-hunter2"])
    assert verdict.blocked
    assert "hunter2-" not in json.dumps(verdict.to_json())


def test_allow_comments_count_only_where_the_policy_says_so() -> None:
    files = {"a.py": f"t = '{TOKEN}'  # pragma: allowlist secret\n"}
    assert check(files).blocked
    assert not check(files, honour_allow_comments=True).findings


def test_bounds_of_the_whole_tree() -> None:
    verdict = check({"a": "12345", "b": "12345", "c": ""}, max_files=2, max_total_size=9)
    assert [(finding.code, finding.message) for finding in verdict.findings] == [
        ("too_many_files", "The tree has 3 files, more than the 2 allowed."),
        ("tree_too_large", "The tree has 10 bytes, more than the 9 allowed."),
    ]
    assert check({"a": "12345", "b": "1234"}, max_files=2, max_total_size=9, max_file_size=5).findings == ()


def test_a_file_over_the_bound_is_named_and_not_scanned_until_the_bound_is_raised() -> None:
    files = {"a.txt": f"{TOKEN}\n" + "x" * 100}
    assert codes(check(files, max_file_size=100)) == [("file_too_large", "a.txt", 0, "block")]
    assert codes(check(files, max_file_size=1000)) == [("secret", "a.txt", 1, "block")]


def test_no_finding_holds_a_secret() -> None:
    samples = Samples(3).formats()
    verdict = check({f"{number}.txt": text for number, text in enumerate(samples.values())}, known=[TOKEN])
    printed = json.dumps(verdict.to_json())
    longest = [max(text.replace("\n", " ").split(), key=len) for text in samples.values()]
    assert not [word for word in longest if word in printed]
    assert len({finding.path for finding in verdict.findings}) == len(samples)


def test_a_verdict_has_a_plain_form() -> None:
    assert check({"uv.lock": ""}).to_json() == {
        "blocked": False,
        "needs_review": True,
        "omitted": 0,
        "findings": [
            {
                "code": "protected_path",
                "path": "uv.lock",
                "line": 0,
                "message": "The path is protected by 'uv.lock'.",
                "action": "review",
            }
        ],
    }


def test_very_many_findings_are_counted_and_those_of_the_tree_kept() -> None:
    verdict = check({f"{number}/uv.lock": "" for number in range(MAX_FINDINGS + 7)}, max_files=1)
    assert len(verdict.findings) == MAX_FINDINGS + 1
    assert verdict.omitted == 7
    assert verdict.findings[-1].code == "too_many_files"
    assert verdict.blocked


def test_a_finding_prints_its_place_as_editors_read_it() -> None:
    assert str(Finding("secret", "a.py", 3, "Bad.", "block")) == "a.py:3: Bad. [block]"
    assert str(Finding("tree_too_large", "", 0, "Bad.", "block")) == "Bad. [block]"


class WatchedCache(MemoryScanCache):
    """Counts what is asked for and stored."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []
        self.stored = 0

    def load(self, keys: Sequence[str]) -> Mapping[str, str]:
        self.asked.append(len(keys))
        return super().load(keys)

    def store(self, entries: Mapping[str, str]) -> None:
        self.stored += len(entries)
        super().store(entries)


BAD = TreeFile("a.py", f"t = '{TOKEN}'\n# existing code\n".encode())


def test_an_unchanged_file_is_not_scanned_again_and_judged_alike() -> None:
    cache = WatchedCache()
    first = check_tree([BAD], TreePolicy(), cache=cache)
    assert cache.stored == 1
    assert check_tree([BAD], TreePolicy(), cache=cache) == first
    assert cache.stored == 1


def test_a_cached_scan_serves_every_policy() -> None:
    cache = WatchedCache()
    assert check_tree([BAD], TreePolicy(secrets="allow", placeholders="allow"), cache=cache).findings == ()
    assert check_tree([BAD], TreePolicy(), cache=cache).blocked
    assert cache.stored == 1


@pytest.mark.parametrize(
    ("other", "stored"),
    [
        (TreeFile("b.py", BAD.content), 1),
        (TreeFile("deep/c.py", BAD.content, "100755"), 1),
        (TreeFile("a.js", BAD.content), 2),
        (TreeFile("a.py", BAD.content + b"\n"), 2),
    ],
)
def test_content_and_language_decide_what_is_scanned_again(other: TreeFile, stored: int) -> None:
    cache = WatchedCache()
    check_tree([BAD], TreePolicy(), cache=cache)
    check_tree([other], TreePolicy(), cache=cache)
    assert cache.stored == stored


def test_entries_of_other_rules_are_not_used() -> None:
    cache = MemoryScanCache()
    check_tree([BAD], TreePolicy(), cache=cache)
    stale = {key.replace(scan_version(), "older"): "[]" for key in cache.entries}
    assert check_tree([BAD], TreePolicy(), cache=MemoryScanCache(stale)).blocked


def test_no_cache_entry_holds_a_secret() -> None:
    cache = MemoryScanCache()
    check_tree([BAD], TreePolicy(), [SecretStr(TOKEN)], cache)
    assert cache.entries
    assert TOKEN[4:] not in json.dumps(cache.entries)


def test_a_cache_filled_from_outside_is_used() -> None:
    cache = MemoryScanCache()
    first = check_tree([BAD], TreePolicy(), cache=cache)
    copied = WatchedCache()
    copied.entries = json.loads(json.dumps(cache.entries))
    assert check_tree([BAD], TreePolicy(), cache=copied) == first
    assert copied.stored == 0


def test_files_are_taken_in_batches_and_not_all_at_once() -> None:
    cache = WatchedCache()
    held: list[int] = []

    def members() -> Iterator[TreeFile]:
        for number in range(1200):
            held.append(number)
            assert len(held) - sum(cache.asked) <= 500
            yield TreeFile(f"{number}.txt", b"x")

    check_tree(members(), TreePolicy(), cache=cache)
    assert cache.asked == [500, 500, 200]


def test_large_files_make_small_batches() -> None:
    cache = WatchedCache()
    files = (TreeFile(f"{number}.bin", bytes(5_000_000)) for number in range(3))
    check_tree(files, TreePolicy(), cache=cache)
    assert cache.asked == [2, 1]


def test_protected_paths_of_a_project_come_on_top() -> None:
    policy = TreePolicy().with_protected(ProtectedPath(pattern="infra/", action="block"))
    assert check_tree([TreeFile("infra/main.tf", b"")], policy).blocked
