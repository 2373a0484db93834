"""The endpoint registry."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError

from repomill.apis.description import ApiDescription, Operation, operation_digest
from repomill.roles import Permission
from storage.database.models import Api, ApiOperation, ApiVersion
from storage.database.repositories.base import Repository

# What stands in columns of its own.
_COLUMNS = frozenset({"name", "method", "path", "summary", "deprecated"})


class Apis(Repository):
    """Discovered APIs and their versions; a document that did not change since the last look makes no new one."""

    def add(self, name: str, description: ApiDescription, location: str, definitions_key: str) -> ApiVersion:
        """Store a document under a name and return its version, the newest one if that is the same document."""
        self._require(Permission.RUN)
        api = self._get_or_create(name)
        # Numbers are given out one at a time: the row is locked until the commit.
        self._session.execute(select(Api.id).where(Api.id == api.id).with_for_update())
        newest = self._newest(api.id)
        api.updated_at = self._clock()
        if newest is not None and newest.digest == description.digest:
            self._session.flush()
            return newest
        return self._add_version(api, newest, description, location, definitions_key)

    def list(self) -> Sequence[tuple[Api, ApiVersion]]:
        """Return every API with its newest version, by name."""
        newest = select(func.max(ApiVersion.number)).where(ApiVersion.api_id == Api.id).correlate(Api).scalar_subquery()
        query = select(Api, ApiVersion).join(ApiVersion, ApiVersion.api_id == Api.id)
        rows = self._session.execute(query.where(ApiVersion.number == newest).order_by(Api.name))
        return [(row[0], row[1]) for row in rows]

    def find(self, name: str, at: datetime | None = None) -> ApiVersion | None:
        """Return the newest version of an API, or the one that was it at a time; None when there is none."""
        query = _versions(name) if at is None else _versions(name).where(ApiVersion.created_at <= at)
        return self._session.scalars(query.limit(1)).one_or_none()

    def versions(self, name: str) -> Sequence[ApiVersion]:
        """Return all versions of an API, newest first; none where there is no such API."""
        return self._session.scalars(_versions(name)).all()

    def operations(self, version_id: UUID) -> Sequence[Operation]:
        """Return a version's operations in the document's order."""
        query = select(ApiOperation).where(ApiOperation.version_id == version_id).order_by(ApiOperation.position)
        return [_operation(row) for row in self._session.scalars(query)]

    def _newest(self, api_id: UUID) -> ApiVersion | None:
        query = select(ApiVersion).where(ApiVersion.api_id == api_id).order_by(ApiVersion.number.desc()).limit(1)
        return self._session.scalars(query).one_or_none()

    def _get_or_create(self, name: str) -> Api:
        found = self._session.scalars(_by_name(name)).one_or_none()
        if found is not None:
            return found
        now = self._clock()
        api = Api(name=name, created_by=self._scope.user_id, created_at=now, updated_at=now)
        try:
            with self._session.begin_nested():
                self._add(api)
        except IntegrityError:  # somebody else created it a moment ago
            return self._session.scalars(_by_name(name)).one()
        self._audit("create", "api", api.id, None, None, name=name)
        return api

    def _add_version(
        self, api: Api, newest: ApiVersion | None, description: ApiDescription, location: str, definitions_key: str
    ) -> ApiVersion:
        facts = description.model_dump(mode="json", include={"description", "servers", "security_schemes", "notes"})
        version = ApiVersion(
            api_id=api.id,
            number=newest.number + 1 if newest else 1,
            digest=description.digest,
            openapi=description.openapi,
            title=description.title,
            version=description.version,
            location=location,
            facts=facts,
            definitions_key=definitions_key,
            created_by=self._scope.user_id,
            created_at=self._clock(),
        )
        self._add(version)
        for position, operation in enumerate(description.operations):
            self._session.add(_row(version.id, position, operation, description))
        self._session.flush()
        self._audit("create", "api version", version.id, None, None, api=api.name, number=version.number)
        return version


def _versions(name: str) -> Select[tuple[ApiVersion]]:
    """Select the versions of an API, newest first."""
    query = select(ApiVersion).join(Api, Api.id == ApiVersion.api_id).where(Api.name == name)
    return query.order_by(ApiVersion.number.desc())


def _by_name(name: str) -> Select[tuple[Api]]:
    return select(Api).where(Api.name == name)


def _row(version_id: UUID, position: int, operation: Operation, description: ApiDescription) -> ApiOperation:
    return ApiOperation(
        version_id=version_id,
        position=position,
        name=operation.name,
        method=operation.method,
        path=operation.path,
        summary=operation.summary,
        deprecated=operation.deprecated,
        digest=operation_digest(operation, description.definitions),
        details=operation.model_dump(mode="json", exclude=set(_COLUMNS)),
    )


def _operation(row: ApiOperation) -> Operation:
    columns = {name: getattr(row, name) for name in _COLUMNS}
    return Operation.model_validate(row.details | columns)
