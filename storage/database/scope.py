"""Whose data a unit of work may see."""

from dataclasses import dataclass, replace
from uuid import UUID

# Inserted by the first migration, so that an installation without accounts has somebody to act as.
DEFAULT_ORGANISATION_ID = UUID("00000000-0000-4000-8000-000000000001")
DEFAULT_USER_ID = UUID("00000000-0000-4000-8000-000000000002")


@dataclass(frozen=True, slots=True)
class Scope:
    """The organisation whose rows are visible and the user who acts."""

    organisation_id: UUID
    user_id: UUID

    def acting_as(self, user_id: UUID) -> "Scope":
        """Return the same organisation with another user."""
        return replace(self, user_id=user_id)


DEFAULT_SCOPE = Scope(DEFAULT_ORGANISATION_ID, DEFAULT_USER_ID)
