"""Users."""

from sqlalchemy import select

from repomill.errors import UserNotFound
from storage.database.models import Organisation, User
from storage.database.repositories.base import Repository


class Users(Repository):
    """Users of the organisation."""

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

    def add(self, name: str, email: str | None = None) -> User:
        """Write a user."""
        user = self._add(User(name=name, email=email, created_at=self._clock()))
        self._audit("create", "user", user.id, None, None, name=name)
        return user
