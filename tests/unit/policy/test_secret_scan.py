"""Credentials are found by shape, in every place of a tree."""

import base64
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
from kingfisher_sdk import Rules

from repomill.trees.policy.secret_scan import (
    EXTRA_RULES,
    MAX_HITS,
    PATH_BOUND,
    find_secrets,
    path_class,
    rules_version,
    scanner,
)
from tests.fakes.matching_text import Pattern
from tests.fakes.secret_samples import Samples

FORMATS = Samples().formats()
TOKEN = Samples().github_token()

PATHS_OF_RULES = (
    "a.php", "a.tf", "a.hcl", "a.yaml", "a.yml", "nuget.config", "x/.git-credentials", "x/.bash_history",
    "Bitwarden CLI/data.json",
)  # fmt: skip

# A walk through their patterns seldom makes what their filters ask for (a file of a certain kind of text around it).
SELDOM_MADE = {
    "betterleaks.airtable-oauth-token",
    "betterleaks.azure-client-id",
    "betterleaks.azure-storage-account-key",
    "betterleaks.gitlab-incoming-mail-address-token",
}


def rule_details() -> list[dict[str, Any]]:
    rules: Rules = scanner().rules
    return [rules.detail(rule["id"]) for rule in rules.metadata()]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_credential_of_each_format_is_found(kind: str) -> None:
    hits = find_secrets("config.txt", f"first = 1\n{FORMATS[kind]}\n".encode())
    assert hits
    assert hits[0].line >= 2


@pytest.mark.parametrize("kind", [kind for kind, text in FORMATS.items() if not re.search(r'[\n"=]', text)])
def test_a_credential_in_quotes_is_found(kind: str) -> None:
    assert find_secrets("a.py", f'x = "{FORMATS[kind]}"\n'.encode())


def test_every_rule_of_the_catalogue_finds_what_its_pattern_describes() -> None:
    """Another rule may report the same text: some rules are in the catalogue twice."""
    details = rule_details()
    patterns = {rule["id"]: Pattern(rule["pattern"]) for rule in details}
    silent = {rule["id"] for rule in details if not is_ever_found(rule, patterns)}
    assert len(details) > 480
    assert silent <= SELDOM_MADE


def is_ever_found(rule: dict[str, Any], patterns: dict[str, Pattern]) -> bool:
    path = next((path for path in PATHS_OF_RULES if rule["path"] and re.search(rule["path"], path)), "a.txt")
    texts = matching_texts(rule, patterns)
    return any(find_secrets(path, text.encode()) or (not rule["visible"] and is_seen(rule, text)) for text in texts)


def matching_texts(rule: dict[str, Any], patterns: dict[str, Pattern]) -> Iterator[str]:
    """Yield texts that the pattern describes, beside the companions that the rule asks for."""
    chance = random.Random(rule["id"])
    parts = [rule["id"], *(companion["rule_id"] for companion in rule["depends_on_rule"])]
    for _ in range(200):
        yield "\n".join(patterns[part].text(chance) for part in parts) + "\n"


def is_seen(rule: dict[str, Any], text: str) -> bool:
    """Tell of a rule that only supports others (an account's name beside its key) whether it sees its text."""
    return any(finding.rule_id == rule["id"] for finding in scanner().scan(text))


def test_paths_that_rules_ask_for_are_known() -> None:
    for pattern in {rule["path"] for rule in rule_details()} - {None}:
        paths = [path for path in PATHS_OF_RULES if re.search(pattern, path)]
        assert paths, pattern
        assert all(PATH_BOUND.search(path) for path in paths)


@pytest.mark.parametrize("path", ["package-lock.json", "go.sum", "a.svg", "node_modules/a.js", "poetry.lock", "a.png"])
def test_no_path_hides_a_secret(path: str) -> None:
    assert find_secrets(path, f"token = '{TOKEN}'\n".encode())


@pytest.mark.parametrize(
    "content",
    [
        base64.b64encode(f"token={TOKEN}".encode()),
        f"token={TOKEN}".encode("utf-16"),
        b"\0\1\2\3" + TOKEN.encode() + b"\0",
        b"\xe9\xff " + TOKEN.encode(),
        b"x" * 1_000_000 + b" " + TOKEN.encode(),
    ],
    ids=["base64", "utf-16", "binary", "no utf-8", "one long line"],
)
def test_a_secret_is_found_in_any_encoding(content: bytes) -> None:
    assert find_secrets("a", content)


def test_the_message_names_the_rule_and_never_holds_the_secret() -> None:
    (hit,) = find_secrets("a.py", f"a = 1\nb = '{TOKEN}'\n".encode())
    assert hit.message == "Looks like a secret (github-pat): gh… (40 characters)."
    assert (hit.code, hit.line) == ("secret", 2)


def test_a_secret_that_two_rules_find_is_reported_once() -> None:
    assert len(find_secrets("a.py", f"k = '{FORMATS['OpenAI']}'\n".encode())) == 1


def test_a_file_full_of_secrets_reports_some_of_them() -> None:
    samples = Samples()
    content = "\n".join(samples.github_token() for _ in range(2 * MAX_HITS))
    assert len(find_secrets("a", content.encode())) == MAX_HITS


@pytest.mark.parametrize(
    "line",
    [
        "url = 'postgresql://user:password@localhost/app'",
        "DATABASE_URL=postgres://postgres:postgres@db:5432/app",
        "redis://:${REDIS_PASSWORD}@cache:6379",
        "amqp://guest:guest@rabbitmq",
        "https://<user>:<token>@git.corp.net/x.git",
        "mysql://root:changeme@127.0.0.1/app",
        "mongodb://app:your-password-here@cluster0.abcde.mongodb.net",
        'f"mongodb+srv://app:{password}@cluster0.abcde.mongodb.net/x"',
        "curl -u admin:xxxxxxxx https://x.example",
        "AWS_ACCESS_KEY_ID=AK" + "IAIOSFODNN7EXAMPLE",
        "OPENAI_API_KEY=sk-...",
        "api_key = os.environ['API_KEY']",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ],
)
def test_what_stands_in_for_a_secret_is_let_pass(line: str) -> None:
    assert find_secrets("README.md", line.encode()) == []


@pytest.mark.parametrize("user", ["admin", "user", "root"])
@pytest.mark.parametrize("scheme", ["postgresql", "mongodb+srv", "https"])
def test_words_around_a_real_password_do_not_excuse_it(scheme: str, user: str) -> None:
    password = "my" + Samples().text(14)
    assert find_secrets("a", f"{scheme}://{user}:{password}@secret.test.mongodb.net/db".encode())


@pytest.mark.parametrize(
    "comment",
    ["pragma: allowlist secret", "gitleaks:allow", "kingfisher:ignore", "PRAGMA: whitelist secret"],
)
def test_an_allow_comment_marks_the_hit(comment: str) -> None:
    first, second = find_secrets("a.py", f"'{TOKEN}'  # {comment}\n'{Samples(9).github_token()}'\n".encode())
    assert (first.excused, second.excused) == (True, False)


def test_an_allow_comment_for_the_next_line_marks_the_hit() -> None:
    (hit,) = find_secrets("a.py", f"# pragma: allowlist nextline secret\n'{TOKEN}'\n".encode())
    assert hit.excused


def test_only_paths_that_rules_look_at_are_part_of_a_scan() -> None:
    assert path_class("src/deep/a.py") == ""
    assert path_class("src/deep/a.yaml") == "deep/a.yaml"


def test_the_version_of_the_rules_names_the_library_and_our_own_rules() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+-[0-9a-f]{8}", rules_version())
    assert EXTRA_RULES.is_file()
