"""Which objects of the artefact store rows name, and which are about to go.

An object is written before the row that names it, and the last row goes before its object. Between the two somebody
may take a key up that is about to be removed, so both sides meet here: `claim` in the transaction that writes a name,
`let_go` in the one that takes the last name away.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import String, column, delete, func, select, update, values

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
        self._lock([key])
        return self._session.scalar(select(ObjectDeletion.id).where(ObjectDeletion.object_key == key)) is None

    def let_go(self, key: str) -> bool:
        """Mark the object for removal unless a row still names it; a prefix ends with a slash."""
        return key in self.let_go_all([key])

    def let_go_all(self, keys: Iterable[str]) -> set[str]:
        """Mark many objects in a few statements; return those that no row names."""
        wanted = sorted(set(keys))  # one order for all, so that two of them do not wait for each other
        self._lock(wanted)
        free = set(wanted) - self._named([key for key in wanted if not key.endswith("/")])
        known = self._session.scalars(select(ObjectDeletion).where(ObjectDeletion.object_key.in_(free))).all()
        for found in known:
            found.deleted_at = found.is_erased = None
        new = free.difference(found.object_key for found in known)
        self._session.add_all(ObjectDeletion(object_key=key, marked_at=self._clock()) for key in sorted(new))
        self._session.flush()
        return free

    def is_named(self, key: str) -> bool:
        """Tell whether a tree or an export that is still there needs the pack, cold tree or archive."""
        return bool(self._named([key]))

    def _named(self, keys: Sequence[str]) -> set[str | None]:
        """Return the keys that something needs."""
        pack = select(GeneratedProject.pack_key).where(
            GeneratedProject.pack_key.in_(keys), GeneratedProject.status.in_(_HOT)
        )
        cold = select(GeneratedProject.cold_key).where(GeneratedProject.cold_key.in_(keys))
        export = select(RepositoryExport.archive_path).where(
            RepositoryExport.archive_path.in_(keys), RepositoryExport.status.in_(_LIVE)
        )
        return {key for query in (pack, cold, export) for key in self._session.scalars(query.distinct())}

    def named_by(self, keys: Collection[str]) -> dict[str, set[UUID]]:
        """Return the ids of what keeps each object: hot projects of a pack, live exports of an archive."""
        pack = select(GeneratedProject.pack_key, GeneratedProject.id).where(
            GeneratedProject.pack_key.in_(keys), GeneratedProject.status.in_(_HOT)
        )
        export = select(RepositoryExport.archive_path, RepositoryExport.id).where(
            RepositoryExport.archive_path.in_(keys), RepositoryExport.status.in_(_LIVE)
        )
        found: dict[str | None, set[UUID]] = defaultdict(set)
        for query in (pack, export):
            for key, row_id in self._session.execute(query):
                found[key].add(row_id)
        return {key: found[key] for key in keys}

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

    def _lock(self, keys: Sequence[str]) -> None:
        """Keep a claim and a removal of one key apart; SQLite has one writer anyway."""
        if keys and self._session.get_bind().dialect.name == "postgresql":
            named = values(column("key", String), name="named").data([(key,) for key in keys])
            self._session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(named.c.key, 0))))
