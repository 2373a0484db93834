"""Users and their roles."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from repomill.errors import LastAdmin, UserExists, UserNotFound
from repomill.roles import Permission, Role
from storage.database.models import Membership, Organisation, User
from storage.database.repositories.base import Repository


class Users(Repository):
    """Users of the organisation; changing them raises `NotPermitted`, unless an admin acts."""

    def by_name(self, name: str) -> User:
        """Return the user of this name; raises `UserNotFound`."""
        user = self._session.scalars(select(User).where(User.name == name)).one_or_none()
        if user is None:
            raise UserNotFound(name)
        return user

    def acting(self) -> tuple[User, Organisation]:
        """Return who acts, and for which organisation."""
        user = self._session.scalars(select(User).where(User.id == self._scope.user_id)).one()
        query = select(Organisation).where(Organisation.id == self._scope.organisation_id)
        return user, self._session.scalars(query).one()

    def require(self, permission: Permission) -> None:
        """Raise `NotPermitted` unless the acting user may do this; for doors that want to know before they begin."""
        self._require(permission)

    def list(self) -> Sequence[tuple[User, Role]]:
        """Return all users with their roles, by name."""
        query = select(User, Membership.role).join(Membership, Membership.user_id == User.id).order_by(User.name)
        return [(user, role) for user, role in self._session.execute(query)]

    def add(self, name: str, email: str | None = None, role: Role = Role.PUBLISHER) -> User:
        """Write a user; raises `UserExists`."""
        self._require(Permission.ADMINISTER)
        now = self._clock()
        try:
            with self._session.begin_nested():
                user = self._add(User(name=name, email=email, created_at=now))
        except IntegrityError as error:
            raise UserExists(name) from error
        self._add(Membership(user_id=user.id, role=role, updated_at=now))
        self._audit("create", "user", user.id, None, role.value, name=name)
        return user

    def set_role(self, name: str, role: Role) -> None:
        """Change what a user may do; raises `UserNotFound`, `LastAdmin`."""
        self._require(Permission.ADMINISTER)
        user = self.by_name(name)
        admins = select(Membership).where(Membership.role == Role.ADMIN).with_for_update()
        others = [admin for admin in self._session.scalars(admins) if admin.user_id != user.id]
        if role is not Role.ADMIN and not others:
            raise LastAdmin(name)
        membership = self._session.scalars(select(Membership).where(Membership.user_id == user.id)).one()
        before, membership.role, membership.updated_at = membership.role, role, self._clock()
        self._session.flush()
        self._audit("role", "user", user.id, before.value, role.value)
