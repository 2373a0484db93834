"""Credentials in files, by the rules of Kingfisher.

Kingfisher (MongoDB, Apache-2.0) brings some 490 rules of the Betterleaks and Veles catalogues and matches all of them
at once with Vectorscan, in this process and offline: 0.2 s for 10,000 files of 31 MB, where detect-secrets takes a
minute or more (`benchmarks/policy.py`). `extra_rules.yml` adds formats that the catalogue leaves out, and `stand_ins`
lets examples pass.

The catalogue's path filters are not used: they skip lock files, images and `node_modules`, where a secret leaks just
as well. A rule that is bound to a kind of file gets the path in a second look.

Not found: passwords without a shape of their own (`password = "…"`), as every scanner that finds them is wrong too
often to block a tree; and what is inside archives. Secrets that the run knows are found in any place by
`repomill.trees.policy.known_secrets`.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from repomill.canonical import digest_bytes
from repomill.trees.policy.cache import Hit
from repomill.trees.policy.findings import redact
from repomill.trees.policy.stand_ins import stands_in
from repomill.trees.policy.text import lines_of

if TYPE_CHECKING:
    from kingfisher_sdk import Finding, Scanner

EXTRA_RULES: Final = Path(__file__).with_name("extra_rules.yml")
_OUR_RULES: Final = (EXTRA_RULES, Path(__file__), Path(__file__).with_name("stand_ins.py"))

PATH_BOUND: Final = re.compile(
    r"(?i)(?:\.(?:php|tf|hcl|ya?ml)|nuget\.config|\.git-credentials|_history|bitwarden[ _-]*cli/+data\.json)$"
)
"""Paths that some rule of the catalogue asks for; `.git/config` is left out, as no tree has it."""

_ALLOW_COMMENT: Final = re.compile(
    r"(?i)pragma:\s*(?:allow|white)list\s+secret|(?:gitleaks|betterleaks):allow|(?:kingfisher|trufflehog):ignore"
)
_ALLOW_NEXT_LINE: Final = re.compile(r"(?i)pragma:\s*(?:allow|white)list\s+nextline\s+secret")

MAX_HITS: Final = 50
"""Secrets reported of one file; more say nothing new."""


@cache
def rules_version() -> str:
    """Return what changes whenever a file could have other secrets in it; costs no rule compilation."""
    ours = b"".join(path.read_bytes() for path in _OUR_RULES)
    return f"{version('kingfisher-secret-scanner')}-{digest_bytes(ours)[7:15]}"


def path_class(path: str) -> str:
    """Return the part of a path that rules look at; empty for nearly all files."""
    return "/".join(path.split("/")[-2:]) if PATH_BOUND.search(path) else ""


def find_secrets(path: str, content: bytes) -> list[Hit]:
    """Return the credentials in a file, each value once a line, in order of lines."""
    found = list(_findings(path_class(path), content))
    lines: Sequence[str] = lines_of(content) if found else ()
    hits: dict[tuple[int, str], Hit] = {}
    for finding in found:
        line = finding.location["line"]
        hits.setdefault((line, finding.secret), _hit(finding, line, lines))
    return [hits[key] for key in sorted(hits)][:MAX_HITS]


@cache
def scanner() -> "Scanner":
    """Compile the rules, once in a process: 0.4 s from Kingfisher's cache on the disk, 3 s and more without.

    `KF_RULE_CACHE_DIR` names the cache's folder; else it is in the user's own cache folder. Where neither can be
    written nothing breaks, it is only slower.
    """
    from kingfisher_sdk import Rules, Scanner

    return Scanner(Rules([EXTRA_RULES], confidence="low"))


def _findings(probe: str, content: bytes) -> "Iterator[Finding]":
    from kingfisher_sdk import ScanInput

    found = scanner().scan(content)
    if probe:
        found += scanner().scan_input(ScanInput(path=probe, data=content))
    return (finding for finding in found if finding.visible and not stands_in(finding.rule_id, finding.secret))


def _hit(finding: "Finding", line: int, lines: Sequence[str]) -> Hit:
    rule = re.sub(r"^(?:betterleaks\.|veles\.secrets/|repomill\.)|\.\d+$", "", finding.rule_id)
    message = f"Looks like a secret ({rule}): {redact(finding.secret)}."
    return Hit("secret", line, message, _is_excused(lines, line))


def _is_excused(lines: Sequence[str], number: int) -> bool:
    """Tell whether a comment on the line, or the one above for the forms that say so, asks to let it pass."""
    this = lines[number - 1] if number <= len(lines) else ""
    above = lines[number - 2] if 2 <= number <= len(lines) + 1 else ""
    return _ALLOW_COMMENT.search(this) is not None or _ALLOW_NEXT_LINE.search(above) is not None
