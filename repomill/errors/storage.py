"""Errors of settings, database, artefact store and executions."""

from dataclasses import dataclass
from typing import ClassVar

from repomill.errors.base import BadInput, Fatal, Retriable, UserActionRequired


@dataclass(eq=False)
class SettingInvalid(BadInput):
    """A setting has a value that cannot be used."""

    setting: str
    value: str
    reason: str
    code: ClassVar[str] = "setting_invalid"
    message: ClassVar[str] = "{setting}={value!r} cannot be used: {reason}."
    hint: ClassVar[str] = "Change it where it is set: in the environment, or in the file .env of the current folder."


@dataclass(eq=False)
class DatabaseUnavailable(Retriable):
    """The database cannot be reached; `database` has no password in it."""

    database: str
    reason: str
    code: ClassVar[str] = "database_unavailable"
    exit_code: ClassVar[int] = UserActionRequired.exit_code  # a flow tries again, a person at a shell has to act
    message: ClassVar[str] = "The database {database} cannot be reached: {reason}"
    hint: ClassVar[str] = "Start it or mend REPOMILL_DATABASE_URL, then `repomill doctor`."


@dataclass(eq=False)
class DatabaseOutdated(UserActionRequired):
    """The database has another schema revision than the code."""

    database: str
    found: str
    wanted: str
    code: ClassVar[str] = "database_outdated"
    message: ClassVar[str] = "The database {database} is at revision {found}, this version needs {wanted}."
    hint: ClassVar[str] = "Run `repomill db upgrade`."


@dataclass(eq=False)
class ArtifactStoreUnavailable(Retriable):
    """The artefact store cannot be reached."""

    store: str
    reason: str
    code: ClassVar[str] = "artifact_store_unavailable"
    exit_code: ClassVar[int] = UserActionRequired.exit_code
    message: ClassVar[str] = "The artefact store {store} cannot be used: {reason}"
    hint: ClassVar[str] = "Start it or mend REPOMILL_ARTIFACTS_URL, then `repomill doctor`."


@dataclass(eq=False)
class ArtifactStoreRefused(UserActionRequired):
    """The artefact store refused the credentials or the bucket."""

    store: str
    reason: str
    advice_text: str = "Check REPOMILL_MINIO_ACCESS_KEY, REPOMILL_MINIO_SECRET_KEY and the bucket's name."
    code: ClassVar[str] = "artifact_store_refused"
    message: ClassVar[str] = "The artefact store {store} refused: {reason}"
    hint: ClassVar[str] = "{advice_text}"


@dataclass(eq=False)
class ArtifactCorrupt(Fatal):
    """The artefact store gave other bytes than were stored."""

    store: str
    key: str
    expected: str
    found: str
    code: ClassVar[str] = "artifact_corrupt"
    message: ClassVar[str] = "Object {key} of {store} is damaged: its SHA-256 is {found}, {expected} was stored."
    hint: ClassVar[str] = "Restore the object from a backup of the store."


@dataclass(eq=False)
class ArtifactMissing(Fatal):
    """The artefact store has no object under this key."""

    key: str
    code: ClassVar[str] = "artifact_missing"
    message: ClassVar[str] = "The artefact store has no object {key}."


@dataclass(eq=False)
class ArtifactKeyInvalid(BadInput):
    """A key that no artefact store takes, because it could lead somewhere else."""

    key: str
    reason: str
    code: ClassVar[str] = "artifact_key_invalid"
    message: ClassVar[str] = "{key!r} is not a key of the artefact store: {reason}."
    hint: ClassVar[str] = "A key is a relative path of plain names; Repomill makes them all."


@dataclass(eq=False)
class IllegalTransition(Fatal):
    """A status may not change this way."""

    entity: str
    before: str
    after: str
    code: ClassVar[str] = "transition_illegal"
    message: ClassVar[str] = "A {entity} cannot go from {before} to {after}."


@dataclass(eq=False)
class ExecutionOwned(UserActionRequired):
    """Another living process works on this execution."""

    execution: str
    owner: str
    seconds: float
    code: ClassVar[str] = "execution_owned"
    message: ClassVar[str] = "{owner} works on execution {execution} (last sign of life {seconds:.0f} s ago)."
    hint: ClassVar[str] = "Wait for it or cancel it: `repomill execution cancel {execution}`."


@dataclass(eq=False)
class OwnershipLost(Fatal):
    """Another process took this execution over; this one must stop writing."""

    execution: str
    code: ClassVar[str] = "ownership_lost"
    message: ClassVar[str] = "Execution {execution} was taken over by another process; this one stops."


@dataclass(eq=False)
class ExecutionFinished(BadInput):
    """The execution ended; there is nothing to resume or cancel."""

    execution: str
    status: str
    code: ClassVar[str] = "execution_finished"
    message: ClassVar[str] = "Execution {execution} is {status} already."
    hint: ClassVar[str] = "`repomill execution show {execution}` prints its outcome."


@dataclass(eq=False)
class NodeFailed(Fatal):
    """A node ended with an error; `cause` is the error's own text."""

    node: str
    cause: str
    advice_text: str = ""
    code: ClassVar[str] = "node_failed"
    message: ClassVar[str] = "Node {node} failed: {cause}"
    hint: ClassVar[str] = "{advice_text}"


@dataclass(eq=False)
class ProjectNotReady(BadInput):
    """A generated project has no tree that may leave: it is unfinished, blocked or gone."""

    project: str
    status: str
    code: ClassVar[str] = "project_not_ready"
    message: ClassVar[str] = "Project {project} is {status}; only a completed one can be read or published."
    hint: ClassVar[str] = "`repomill project list` prints what there is."


@dataclass(eq=False)
class PayloadsExpired(BadInput):
    """Retention removed what an execution's nodes and calls left, so nothing of it could be taken up again."""

    execution: str
    code: ClassVar[str] = "payloads_expired"
    message: ClassVar[str] = "What execution {execution} left was removed by retention; it cannot be resumed."
    hint: ClassVar[str] = "Run the workflow anew; `repomill retention set PROJECT` keeps things longer next time."


@dataclass(eq=False)
class RetentionRulesInvalid(BadInput):
    """Rules of retention that cannot be."""

    reason: str
    code: ClassVar[str] = "retention_rules_invalid"
    message: ClassVar[str] = "These rules of retention cannot be: {reason}."
    hint: ClassVar[str] = "Ages are days from 0 to 36500, or `never`; flow runs have one age for all projects."
