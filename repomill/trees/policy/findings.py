"""What a check of a tree says."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from repomill.canonical import Json
from repomill.trees.policy.model import Action

Code = Literal[
    "file_too_large", "tree_too_large", "too_many_files", "placeholder", "secret", "known_secret", "protected_path"
]

VISIBLE_CHARACTERS: Final = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a policy does not let pass; `line` counts from 1, and is 0 when the whole file is meant.

    `path` is empty when the whole tree is meant. `message` is a sentence for a person and never holds a secret.
    """

    code: Code
    path: str
    line: int
    message: str
    action: Action

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}: " if self.line else f"{self.path}: " if self.path else ""
        return f"{place}{self.message} [{self.action}]"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome for one tree under one policy; `omitted` findings were counted but not kept."""

    findings: tuple[Finding, ...]
    blocked: bool
    needs_review: bool
    omitted: int = 0

    def to_json(self) -> dict[str, Json]:
        """Return plain data, as the database and the API keep it."""
        findings: list[Json] = [dict(asdict(finding)) for finding in self.findings]
        return {
            "blocked": self.blocked,
            "needs_review": self.needs_review,
            "omitted": self.omitted,
            "findings": findings,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Verdict":
        """Read what `to_json` wrote; of nothing, a verdict that found nothing."""
        findings = tuple(Finding(**finding) for finding in data.get("findings", ()))
        return cls(findings, data.get("blocked", False), data.get("needs_review", False), data.get("omitted", 0))


def redact(secret: str) -> str:
    """Return what may be shown of a secret: its first two characters and its length."""
    shown = secret[:VISIBLE_CHARACTERS] if len(secret) > 4 * VISIBLE_CHARACTERS else ""
    return f"{shown}… ({len(secret)} characters)"
