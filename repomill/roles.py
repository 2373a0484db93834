"""Roles of people in an organisation, and what each may do."""

from enum import StrEnum


class Permission(StrEnum):
    """What may be refused to somebody; reading is not among it: whoever belongs to an organisation may."""

    RUN = "run"
    EXPORT = "export"
    ADMINISTER = "administer"


class Role(StrEnum):
    """What somebody is in an organisation."""

    VIEWER = "viewer"
    RUNNER = "runner"
    PUBLISHER = "publisher"
    ADMIN = "admin"

    def permits(self, permission: Permission) -> bool:
        """Tell whether this role may do that."""
        return permission in PERMISSIONS[self]


PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset(),
    Role.RUNNER: frozenset({Permission.RUN}),
    Role.PUBLISHER: frozenset({Permission.RUN, Permission.EXPORT}),
    Role.ADMIN: frozenset(Permission),
}
