"""What a merge could not, or would not, do by itself."""

from dataclasses import asdict, dataclass
from enum import StrEnum

from repomill.canonical import Json


class Outcome(StrEnum):
    """What the merged tree holds where the two sides disagree."""

    MARKED = "marked"  # both texts, with markers around them
    KEPT = "kept"  # what the repository had, whole
    STAYS_DELETED = "stays_deleted"  # nothing: a person deleted it
    MOVED = "moved"  # at the place where a person moved it
    APART = "apart"  # both, under two names


_SENTENCES = {
    Outcome.MARKED: "both changed the same lines; both texts are in the file, between markers",
    Outcome.KEPT: "both changed it and it cannot be merged as text; the repository's file was kept",
    Outcome.STAYS_DELETED: "it was deleted in the repository and stays deleted",
    Outcome.MOVED: "both moved it; it is where the repository has it",
    Outcome.APART: "the two need one name for different things; both are there under two names",
}


@dataclass(frozen=True, slots=True, order=True)
class Conflict:
    """One path at which the generation and the repository disagree; `said` is Git's own sentence."""

    path: str
    outcome: Outcome
    said: str

    @property
    def unresolved(self) -> bool:
        """Whether a person has to look at the file before it can be used."""
        return self.outcome in {Outcome.MARKED, Outcome.APART}

    def sentence(self) -> str:
        """Return what happened, for people."""
        return _SENTENCES[self.outcome]

    def to_json(self) -> dict[str, Json]:
        """Return the fields and the sentence."""
        return {**asdict(self), "outcome": self.outcome.value, "sentence": self.sentence()}
