"""Conversations by key; what was said lies in the artefact store."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.exc import IntegrityError

from repomill.errors import AmbiguousReference, MemoryNotFound
from repomill.memory.port import MemoryScope
from repomill.roles import Permission
from storage.database.models import Memory, MemoryTurn
from storage.database.repositories._references import MATCHES_SHOWN, id_range
from storage.database.repositories.base import Repository

ENTITY = "memory"


@dataclass(frozen=True, slots=True)
class MemoryOwner:
    """What tells conversations apart."""

    scope: MemoryScope
    owner: str
    key: str


@dataclass(frozen=True, slots=True)
class NewTurn:
    """A turn that has no number yet; `summarises` is that of the last turn a summary stands for."""

    root_execution_id: UUID
    node_path: str
    digest: str
    payload_key: str
    tokens: int
    summarises: int | None = None


class Memories(Repository):
    """The organisation's conversations, without those of its other users; numbers are given out under a lock."""

    def find(self, owner: MemoryOwner) -> Memory | None:
        """Return a conversation, None when nobody has said anything in it."""
        return self._session.scalars(select(Memory).where(*_is(owner))).one_or_none()

    def get_or_create(self, owner: MemoryOwner) -> Memory:
        """Return a conversation, locked; an empty one the first time."""
        query = select(Memory).where(*_is(owner)).with_for_update()
        found = self._session.scalars(query).one_or_none()
        if found is not None:
            return found
        now = self._clock()
        memory = Memory(scope=owner.scope, owner=owner.owner, key=owner.key, created_at=now, updated_at=now)
        try:
            with self._session.begin_nested():
                self._add(memory)
        except IntegrityError:  # somebody was faster
            return self._session.scalars(query).one()
        return memory

    def turns(self, memory_id: UUID) -> Sequence[MemoryTurn]:
        """Return all rows of a conversation, oldest first, summaries and what was said again with them."""
        query = select(MemoryTurn).where(MemoryTurn.memory_id == memory_id)
        return self._session.scalars(query.order_by(MemoryTurn.number)).all()

    def shown(self, memory_id: UUID) -> Sequence[MemoryTurn]:
        """Return what a conversation comes to: its newest summary, then what each node said last since then."""
        rows = self.turns(memory_id)
        summary = next((row for row in reversed(rows) if row.summarises is not None), None)
        since = (summary.summarises or 0) if summary is not None else 0
        said = [row for row in rows if row.summarises is None and row.number > since]
        last = {(row.root_execution_id, row.node_path): row for row in said}
        newest = [row for row in said if last[row.root_execution_id, row.node_path] is row]
        return newest if summary is None else [summary, *newest]

    def append(self, memory: Memory, new: NewTurn) -> MemoryTurn:
        """Add a turn; the last one of its node again when that says the same. The conversation has to be locked."""
        rows = self.turns(memory.id)
        same = [
            row
            for row in rows
            if (row.root_execution_id, row.node_path) == (new.root_execution_id, new.node_path)
            and (row.summarises is None) is (new.summarises is None)
        ]
        if same and same[-1].digest == new.digest:
            return same[-1]
        memory.updated_at, last = self._clock(), rows[-1].number if rows else 0
        return self._add(
            MemoryTurn(
                memory_id=memory.id,
                number=last + 1,
                # The conversation may have been forgotten since it was read: what is said from now on is not summed up.
                summarises=None if new.summarises is None else min(new.summarises, last),
                root_execution_id=new.root_execution_id,
                node_path=new.node_path,
                digest=new.digest,
                payload_key=new.payload_key,
                tokens=new.tokens,
                created_at=memory.updated_at,
            )
        )

    def list(self) -> Sequence[tuple[Memory, int, int]]:
        """Return every conversation with its number of turns and tokens, by scope and key."""
        counted = select(Memory, func.count(MemoryTurn.id), func.coalesce(func.sum(MemoryTurn.tokens), 0))
        joined = counted.outerjoin(MemoryTurn, MemoryTurn.memory_id == Memory.id).group_by(Memory.id)
        rows = self._session.execute(joined.where(self._visible()).order_by(Memory.scope, Memory.key, Memory.id))
        return [(row[0], int(row[1]), int(row[2])) for row in rows]

    def resolve(self, reference: str) -> Memory:
        """Return the conversation that a key, an id or a prefix of one means.

        Raises:
            MemoryNotFound: it means none.
            AmbiguousReference: it means several.
        """
        matches = self._matching(Memory.key == reference)
        if not matches and (ids := id_range(reference)):
            matches = self._matching(Memory.id.between(ids.first, ids.last))
        if len(matches) > 1:
            raise AmbiguousReference(ENTITY, reference, tuple(str(match.id) for match in matches))
        if not matches:
            raise MemoryNotFound(reference)
        return matches[0]

    def delete(self, memory: Memory) -> None:
        """Forget a conversation with its turns; raises `NotPermitted`."""
        self._require(Permission.RUN)
        self._audit("reset", ENTITY, memory.id, None, None, key=memory.key)
        self._session.delete(memory)
        self._session.flush()

    def _matching(self, condition: ColumnElement[bool]) -> Sequence[Memory]:
        query = select(Memory).where(condition, self._visible()).order_by(Memory.id)
        return self._session.scalars(query.limit(MATCHES_SHOWN)).all()

    def _visible(self) -> ColumnElement[bool]:
        """What somebody talked about with an agent on their own is theirs."""
        return or_(Memory.scope != MemoryScope.USER, Memory.owner == str(self._scope.user_id))


def _is(owner: MemoryOwner) -> tuple[ColumnElement[bool], ...]:
    return Memory.scope == owner.scope, Memory.owner == owner.owner, Memory.key == owner.key
