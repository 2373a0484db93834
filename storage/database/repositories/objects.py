"""Which objects of the artefact store rows name, and which are about to go.

An object is written before the row that names it, and the last row goes before its object. Between the two somebody
may take a key up that is about to be removed, so both sides meet here: `claim` in the transaction that writes a name,
`let_go` in the one that takes the last name away.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta

from sqlalchemy import delete, func, select, update

from storage.database.models import GeneratedProject, ObjectDeletion, RepositoryExport
from storage.database.repositories.base import Repository
from storage.database.transitions import ExportStatus, GeneratedProjectStatus

REMEMBERED = timedelta(days=1)
"""A removed key stays out of use for so long: far longer than one batch of a run that was slow can take."""

_HOT = (GeneratedProjectStatus.GENERATING, GeneratedProjectStatus.COMPLETED, GeneratedProjectStatus.BLOCKED)
_LIVE = (ExportStatus.PENDING, ExportStatus.EXPORTING, ExportStatus.COMPLETED)


class Objects(Repository):
    """Names of objects, and their deletion."""

    def claim(self, key: str) -> bool:
        """Tell whether a row may name the key; it then stays until this transaction ends."""
        self._lock(key)
        return self._session.scalar(select(ObjectDeletion.id).where(ObjectDeletion.object_key == key)) is None

    def let_go(self, key: str) -> bool:
        """Mark the object for removal unless a row still names it; a prefix ends with a slash."""
        self._lock(key)
        if not key.endswith("/") and self.is_named(key):
            return False
        found = self._session.scalar(select(ObjectDeletion).where(ObjectDeletion.object_key == key))
        if found is None:
            self._add(ObjectDeletion(object_key=key, marked_at=self._clock()))
        else:
            found.deleted_at = found.is_erased = None
            self._session.flush()
        return True

    def is_named(self, key: str) -> bool:
        """Tell whether a tree or an export that is still there needs the pack, cold tree or archive."""
        pack = select(GeneratedProject.id).where(GeneratedProject.pack_key == key, GeneratedProject.status.in_(_HOT))
        cold = select(GeneratedProject.id).where(GeneratedProject.cold_key == key)
        export = select(RepositoryExport.id).where(
            RepositoryExport.archive_path == key, RepositoryExport.status.in_(_LIVE)
        )
        return any(self._session.scalar(query.limit(1)) is not None for query in (pack, cold, export))

    def named_by(self, key: str) -> Sequence[object]:
        """Return the ids of what keeps an object: hot projects of a pack, live exports of an archive."""
        pack = select(GeneratedProject.id).where(GeneratedProject.pack_key == key, GeneratedProject.status.in_(_HOT))
        export = select(RepositoryExport.id).where(
            RepositoryExport.archive_path == key, RepositoryExport.status.in_(_LIVE)
        )
        return [*self._session.scalars(pack), *self._session.scalars(export)]

    def open_deletions(self, limit: int) -> Sequence[str]:
        """Return keys and prefixes that are to be removed, those that wait longest first."""
        query = select(ObjectDeletion.object_key).where(ObjectDeletion.deleted_at.is_(None))
        return self._session.scalars(query.order_by(ObjectDeletion.marked_at, ObjectDeletion.id).limit(limit)).all()

    def deleted(self, keys: Collection[str], *, is_erased: bool) -> None:
        """The objects are gone."""
        change = update(ObjectDeletion).where(ObjectDeletion.object_key.in_(keys))
        self._session.execute(change.values(deleted_at=self._clock(), is_erased=is_erased))

    def forget(self) -> None:
        """Let keys be used again whose objects went long ago."""
        done = ObjectDeletion.deleted_at < self._clock() - REMEMBERED
        # A prefix belongs to an execution that says itself that it is gone.
        self._session.execute(delete(ObjectDeletion).where(done))

    def _lock(self, key: str) -> None:
        """Keep a claim and a removal of one key apart; SQLite has one writer anyway."""
        if self._session.get_bind().dialect.name == "postgresql":
            self._session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
