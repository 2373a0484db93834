"""One catalogue of errors, grouped by who can recover.

An error is a small class that carries facts as fields. Its text is made from the class's `message` and
`hint` templates, so a caller never parses text and a door (command line, API, Prefect state) prints the
same words. The family decides what happens next:

* `Retriable`: the same call may succeed later; `delay` says when.
* `BadInput`: what was handed in is wrong; nothing ran, nothing was lost.
* `UserActionRequired`: a person has to change something outside (a token, a remote, a policy).
* `Fatal`: this run cannot go on; what was paid for is kept.
* `Cancelled`: somebody asked for the stop.
"""

from dataclasses import dataclass, field, fields
from typing import ClassVar

JsonObject = dict[str, object]

FINDINGS_SHOWN = 5


@dataclass(eq=False)
class RepomillError(Exception):
    """Base of every error that Repomill raises on purpose."""

    code: ClassVar[str] = "error"
    message: ClassVar[str] = "Something went wrong."
    hint: ClassVar[str] = ""
    exit_code: ClassVar[int] = 1

    node_path = ""  # path of the node it came from, set by the engine; not a fact of the error's class

    def __post_init__(self) -> None:
        """Give `Exception` the fields too, so that they show in tracebacks."""
        self.args = tuple(getattr(self, item.name) for item in fields(self))

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by field names: `Exception` would hand keyword-only fields over by position."""
        given = {item.name: getattr(self, item.name) for item in fields(self)}
        return _made_again, (type(self), given), self.__dict__

    def __str__(self) -> str:
        return self.message.format(**self.facts())

    def advice(self) -> str:
        """Tell how to mend it; empty when there is nothing to say beyond the message."""
        return self.hint.format(**self.facts())

    def facts(self) -> JsonObject:
        """Return the fields by name, as the API and `--format json` print them."""
        return {item.name: getattr(self, item.name) for item in fields(self)}


def _made_again(kind: type[RepomillError], given: JsonObject) -> RepomillError:
    return kind(**given)


@dataclass(eq=False)
class Retriable(RepomillError):
    """The same call may succeed later; `delay` is in seconds, 0 when the other side named none."""

    delay: float = field(default=0.0, kw_only=True)


class Fatal(RepomillError):
    """The run cannot go on."""


class BadInput(RepomillError):
    """What was handed in is wrong."""

    exit_code: ClassVar[int] = 2


class UserActionRequired(RepomillError):
    """A person has to change something outside."""

    exit_code: ClassVar[int] = 3


class Cancelled(RepomillError):
    """Somebody asked for the stop."""

    code: ClassVar[str] = "cancelled"
    message: ClassVar[str] = "The run was cancelled."
    hint: ClassVar[str] = "Answers that came are kept and cost nothing again."


# --- the language -----------------------------------------------------------------------------------------------


@dataclass(eq=False)
class UnreadableFile(BadInput):
    """A file the person named cannot be read."""

    path: str
    reason: str
    code: ClassVar[str] = "file_unreadable"
    message: ClassVar[str] = "{path} cannot be read: {reason}."
    hint: ClassVar[str] = "Check the path; relative ones start at the current folder."


@dataclass(eq=False)
class WorkflowInvalid(BadInput):
    """A specification has faults; `faults` are `repomill.workflow.faults.Fault` objects, all of them."""

    source: str
    faults: tuple[object, ...]
    code: ClassVar[str] = "workflow_invalid"
    message: ClassVar[str] = "{source} has {count} fault(s)."
    hint: ClassVar[str] = (
        "Each line says where (file:line:column) and what is wrong; mend the file and repeat. Nothing ran."
    )

    def facts(self) -> JsonObject:
        """Add the number of faults, which the message prints."""
        return super().facts() | {"count": len(self.faults)}

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(f"  {fault}" for fault in self.faults)])


@dataclass(eq=False)
class InputsInvalid(BadInput):
    """Run inputs do not fit the workflow's schema; `problems` are sentences, each naming its JSON pointer."""

    workflow: str
    problems: tuple[str, ...]
    code: ClassVar[str] = "inputs_invalid"
    message: ClassVar[str] = "The inputs do not fit workflow {workflow}: {listed}"
    hint: ClassVar[str] = "`repomill workflow schema SPEC` prints what a workflow takes. Nothing ran."

    def facts(self) -> JsonObject:
        """Add the joined list, which the message prints."""
        return super().facts() | {"listed": "; ".join(self.problems)}


@dataclass(eq=False)
class ExpressionFailed(BadInput):
    """An expression or template could not be rendered; `place` is a node field or a file, `line` is 1-based."""

    place: str
    line: int
    reason: str
    code: ClassVar[str] = "expression_failed"
    message: ClassVar[str] = "{place}, line {line}: {reason}"
    hint: ClassVar[str] = "Names come from `inputs`, `variables` and `nodes`; the docs page on expressions lists all."


@dataclass(eq=False)
class RenderingTooLarge(BadInput):
    """A template ran over its bound in time or size."""

    place: str
    bound: str
    code: ClassVar[str] = "rendering_too_large"
    message: ClassVar[str] = "{place}: rendering went over {bound}."
    hint: ClassVar[str] = "Split the template or produce less text from it."


# --- things that are looked up ----------------------------------------------------------------------------------


@dataclass(eq=False)
class NotFound(BadInput):
    """Nothing has this id, name or prefix."""

    reference: str
    noun: ClassVar[str] = "object"
    code: ClassVar[str] = "not_found"
    message: ClassVar[str] = "There is no {noun} {reference!r}."
    hint: ClassVar[str] = "`repomill {noun} list` prints what there is."

    def facts(self) -> JsonObject:
        """Add the noun, which the texts print."""
        return super().facts() | {"noun": self.noun}


class WorkflowNotFound(NotFound):
    """No stored workflow has this name, id or prefix."""

    code: ClassVar[str] = "workflow_not_found"
    noun: ClassVar[str] = "workflow"


class ExecutionNotFound(NotFound):
    """No execution has this id or prefix."""

    code: ClassVar[str] = "execution_not_found"
    noun: ClassVar[str] = "execution"


class GeneratedProjectNotFound(NotFound):
    """No generated project has this id or prefix."""

    code: ClassVar[str] = "project_not_found"
    noun: ClassVar[str] = "project"


class UserNotFound(NotFound):
    """The organisation has no user of this name."""

    code: ClassVar[str] = "user_not_found"
    noun: ClassVar[str] = "user"
    hint: ClassVar[str] = "The first user is called `default`."


class ProjectNotFound(NotFound):
    """No project has this name."""

    code: ClassVar[str] = "project_name_not_found"
    noun: ClassVar[str] = "project"


class ProjectFileNotFound(NotFound):
    """The generated project has no such file."""

    code: ClassVar[str] = "file_not_found"
    noun: ClassVar[str] = "file"
    hint: ClassVar[str] = "`repomill project files ID` prints what there is."


class ExportNotFound(NotFound):
    """No export has this id."""

    code: ClassVar[str] = "export_not_found"
    noun: ClassVar[str] = "export"
    hint: ClassVar[str] = "`repomill project show ID` prints a project's exports."


@dataclass(eq=False)
class AmbiguousReference(BadInput):
    """More than one object starts with this prefix."""

    noun: str
    reference: str
    matches: tuple[str, ...]
    code: ClassVar[str] = "reference_ambiguous"
    message: ClassVar[str] = "{reference!r} could be more than one {noun}: {matches}."
    hint: ClassVar[str] = "Give more of the id."


class TemplateNotFound(NotFound):
    """The workflow version was stored without this template folder."""

    code: ClassVar[str] = "template_not_found"
    noun: ClassVar[str] = "template folder"
    hint: ClassVar[str] = "Name the folder in the specification as it is, not by an expression."


@dataclass(eq=False)
class TemplateRefNotFound(BadInput):
    """A Git template has neither a tag of this name nor such a commit."""

    url: str
    ref: str
    code: ClassVar[str] = "template_ref_not_found"
    message: ClassVar[str] = "{url} has no tag and no commit {ref!r}."
    hint: ClassVar[str] = "`ref` is a tag or a full commit id; a branch would move."


@dataclass(eq=False)
class CopierTemplateFailed(BadInput):
    """A Copier template cannot be stored or rendered."""

    template: str
    reason: str
    code: ClassVar[str] = "copier_template_failed"
    message: ClassVar[str] = "The Copier template {template} cannot be used: {reason}"
    hint: ClassVar[str] = "Mend the template, or try `copier copy` with the same answers beside it."


@dataclass(eq=False)
class CopierAnswersInvalid(BadInput):
    """The answers do not fit a Copier template's questions; `problems` are sentences, each naming its question."""

    template: str
    problems: tuple[str, ...]
    code: ClassVar[str] = "copier_answers_invalid"
    message: ClassVar[str] = "The answers do not fit the Copier template {template}: {listed}"
    hint: ClassVar[str] = "Write them under `copier.answers` of the node; nobody is asked during a run."

    def facts(self) -> JsonObject:
        """Add the joined list, which the message prints."""
        return super().facts() | {"listed": "; ".join(self.problems)}


@dataclass(eq=False)
class CopierTemplateNotTrusted(UserActionRequired):
    """A Copier template brings code that its node does not allow."""

    template: str
    features: tuple[str, ...]
    code: ClassVar[str] = "copier_template_not_trusted"
    message: ClassVar[str] = "The Copier template {template} needs {listed}, which its node does not allow."
    hint: ClassVar[str] = (
        "Its code would run on the worker. If you trust the template, write `allow: [{listed}]` under `copier`."
    )

    def facts(self) -> JsonObject:
        """Add the joined list, which the texts print."""
        return super().facts() | {"listed": ", ".join(self.features)}


# --- trees ------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class UnsafeTree(Fatal):
    """Generated paths that must not be stored; `problems` are sentences, each naming its path."""

    problems: tuple[str, ...]
    code: ClassVar[str] = "tree_unsafe"
    message: ClassVar[str] = "The generated tree is refused: {listed}"
    hint: ClassVar[str] = (
        "Edit the node that wrote them and `repomill execution resume ID --spec SPEC`: unchanged nodes cost nothing."
    )

    def facts(self) -> JsonObject:
        """Add the joined list, which the message prints."""
        return super().facts() | {"listed": "; ".join(self.problems)}


@dataclass(eq=False)
class FileTooLarge(Fatal):
    """A generated file is over the bound; sizes are in bytes."""

    path: str
    size: int
    bound: int
    code: ClassVar[str] = "file_too_large"
    message: ClassVar[str] = "{path} has {size} bytes, more than the {bound} allowed."
    hint: ClassVar[str] = "Raise REPOMILL_MAX_FILE_SIZE and run `repomill up`, then resume: paid answers are kept."


@dataclass(eq=False)
class TreeBlocked(UserActionRequired):
    """The project's policy does not let a stored tree leave; `findings` are sentences, each naming its place."""

    project: str
    findings: tuple[str, ...]
    code: ClassVar[str] = "tree_blocked"
    message: ClassVar[str] = "The policy does not let generated project {project} leave: {listed}"
    hint: ClassVar[str] = (
        "Change what wrote it and resume with --spec; or change the policy (`repomill project policy`) and then "
        "`repomill project release {project}`: neither asks a model again for what is unchanged."
    )

    def facts(self) -> JsonObject:
        """Add the first findings, which the message prints."""
        shown, more = self.findings[:FINDINGS_SHOWN], len(self.findings) - FINDINGS_SHOWN
        return super().facts() | {"listed": "; ".join(shown) + (f"; and {more} more" if more > 0 else "")}


@dataclass(eq=False)
class PolicyInvalid(BadInput):
    """A policy file is not a policy."""

    path: str
    reason: str
    code: ClassVar[str] = "policy_invalid"
    message: ClassVar[str] = "{path} is not a policy: {reason}"
    hint: ClassVar[str] = "`repomill project policy PROJECT` prints the one in force, in the form to write."


@dataclass(eq=False)
class PathWrittenTwice(Fatal):
    """Two nodes wrote the same path with different content."""

    path: str
    nodes: tuple[str, ...]
    code: ClassVar[str] = "path_written_twice"
    message: ClassVar[str] = "{path} is written by more than one node: {nodes}."
    hint: ClassVar[str] = "Give each node its own paths, then `repomill execution resume ID --spec SPEC`."


@dataclass(eq=False)
class TreeCorrupt(Fatal):
    """Stored bytes do not have the digest under which they were stored."""

    place: str
    expected: str
    found: str
    code: ClassVar[str] = "tree_corrupt"
    message: ClassVar[str] = "{place} should have digest {expected} but has {found}."
    hint: ClassVar[str] = "The store returned other bytes than were written; restore the object from a backup."


@dataclass(eq=False)
class PackUnreadable(Fatal):
    """Bytes that should be a pack are not one, or are damaged."""

    reason: str
    code: ClassVar[str] = "pack_unreadable"
    message: ClassVar[str] = "The pack cannot be read: {reason}."
    hint: ClassVar[str] = "The store returned other bytes than were written; restore the object from a backup."


# --- models and the ledger --------------------------------------------------------------------------------------


@dataclass(eq=False)
class RecordingMissing(Fatal):
    """Strict mode met a call that was never recorded; `difference` names the fields that differ from the nearest."""

    node: str
    ordinal: int
    difference: str
    code: ClassVar[str] = "recording_missing"
    message: ClassVar[str] = "Node {node}, call {ordinal}: there is no recording of this request. {difference}"
    hint: ClassVar[str] = "Run in mode live or replay to record it."


@dataclass(eq=False)
class RecordingUnreadable(BadInput):
    """A recording file is not what the ledger writes."""

    path: str
    reason: str
    code: ClassVar[str] = "recording_unreadable"
    message: ClassVar[str] = "Recording {path} cannot be used: {reason}."
    hint: ClassVar[str] = "Delete the file and record again in mode live."


@dataclass(eq=False)
class AnswerNotUsable(Fatal):
    """A model's answer does not have the structure asked for, after every repair that was allowed."""

    node: str
    reason: str
    code: ClassVar[str] = "answer_not_usable"
    message: ClassVar[str] = "Node {node}: the model's answer is not the structure asked for: {reason}"
    hint: ClassVar[str] = (
        "Change the prompt or the schema, then `repomill execution resume ID --spec SPEC`: other answers are kept."
    )


@dataclass(eq=False)
class OutputSchemaInvalid(BadInput):
    """The JSON Schema of a node's structured output cannot be used."""

    node: str
    reason: str
    code: ClassVar[str] = "output_schema_invalid"
    message: ClassVar[str] = "Node {node}: the output schema is not a JSON Schema: {reason}"
    hint: ClassVar[str] = "JSON Schema 2020-12; every $ref points into the schema itself."


@dataclass(eq=False)
class AnswerCut(Fatal):
    """The provider stopped before the answer was whole."""

    node: str
    reason: str
    code: ClassVar[str] = "answer_cut"
    message: ClassVar[str] = "Node {node}: the model stopped early ({reason})."
    hint: ClassVar[str] = "Raise max_tokens or ask for less, then `repomill execution resume ID --spec SPEC`."


@dataclass(eq=False)
class ModelRefused(UserActionRequired):
    """The provider refused the request for good: a wrong key, model or request."""

    source: str
    status: int
    reason: str
    code: ClassVar[str] = "model_refused"
    message: ClassVar[str] = "Source {source} answered {status}: {reason}"
    hint: ClassVar[str] = "Check the key, the base URL and the model of the source's block."


@dataclass(eq=False)
class ModelUnavailable(Retriable):
    """The provider could not be reached or asked for patience."""

    source: str
    reason: str
    code: ClassVar[str] = "model_unavailable"
    message: ClassVar[str] = "Source {source} does not answer: {reason}"
    hint: ClassVar[str] = "Resume later; answers that came are kept."


@dataclass(eq=False)
class CallUncertain(UserActionRequired):
    """A call was sent twice and twice its answer was lost."""

    node: str
    ordinal: int
    code: ClassVar[str] = "call_uncertain"
    message: ClassVar[str] = "Node {node}, call {ordinal} was sent twice and no answer was stored; it is charged."
    hint: ClassVar[str] = "Look at the provider's own log, then change the node or start a new execution."


@dataclass(eq=False)
class SourceMissing(UserActionRequired):
    """A workflow names a source whose block does not exist."""

    source: str
    block: str
    code: ClassVar[str] = "source_missing"
    message: ClassVar[str] = "Source {source} needs the Prefect block {block}, which does not exist."
    hint: ClassVar[str] = "Set OPENAI_API_KEY (and OPENAI_BASE_URL), then `repomill up`; or make it in the Prefect UI."


# --- publishing -------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class RemoteRefused(UserActionRequired):
    """A Git remote refused: authentication, permission, a hook or a missing repository."""

    remote: str
    reason: str
    code: ClassVar[str] = "remote_refused"
    message: ClassVar[str] = "{remote} refused: {reason}"
    hint: ClassVar[str] = "Mend it there, then `repomill project export` again: the stored project costs nothing more."


@dataclass(eq=False)
class RemoteMoved(UserActionRequired):
    """The remote branch is not where it was expected; Repomill never forces a push."""

    remote: str
    branch: str
    expected: str
    found: str
    code: ClassVar[str] = "remote_moved"
    message: ClassVar[str] = "Branch {branch} of {remote} is at {found}, not at {expected}: it has others' commits."
    hint: ClassVar[str] = "Export to another branch with --branch, or remove that branch yourself."


@dataclass(eq=False)
class RemoteUnavailable(Retriable):
    """A Git remote cannot be reached."""

    remote: str
    reason: str
    code: ClassVar[str] = "remote_unavailable"
    message: ClassVar[str] = "{remote} cannot be reached: {reason}"
    hint: ClassVar[str] = "Export again later; the project is stored."


@dataclass(eq=False)
class CredentialsMissing(UserActionRequired):
    """An export names a credentials block that does not exist."""

    block: str
    code: ClassVar[str] = "credentials_missing"
    message: ClassVar[str] = "There is no Git credentials block {block!r}."
    hint: ClassVar[str] = "Make it in the Prefect UI under Blocks (Repomill Git Credentials), then resume."


@dataclass(eq=False)
class DestinationExists(BadInput):
    """A file or folder that would be overwritten."""

    path: str
    code: ClassVar[str] = "destination_exists"
    message: ClassVar[str] = "{path} exists and holds something else."
    hint: ClassVar[str] = "Name another place or move it away."


@dataclass(eq=False)
class CheckoutChanged(UserActionRequired):
    """A person changed a checkout; `changes` are paths and commits, all that checking out again would take away."""

    path: str
    changes: tuple[str, ...]
    code: ClassVar[str] = "checkout_changed"
    message: ClassVar[str] = "{path} has changes of its own: {first}."
    hint: ClassVar[str] = (
        "Name another folder, or repeat with --force: changed files are overwritten, commits stay on a branch"
        " before-checkout-1, -2, ..."
    )

    def facts(self) -> JsonObject:
        """Add the first few changes, which the message prints."""
        shown, rest = "; ".join(self.changes[:5]), len(self.changes) - 5
        return super().facts() | {"first": f"{shown}; and {rest} more" if rest > 0 else shown}


@dataclass(eq=False)
class ExportTargetInvalid(BadInput):
    """`--to` does not name a target that exists."""

    target: str
    known: str
    code: ClassVar[str] = "export_target_invalid"
    message: ClassVar[str] = "{target!r} is not an export target."
    hint: ClassVar[str] = "Write one of: {known}."


@dataclass(eq=False)
class RemoteUrlInvalid(BadInput):
    """A text that Git must not be given as a remote; `url` has lost whatever may be a secret."""

    url: str
    reason: str
    code: ClassVar[str] = "remote_url_invalid"
    message: ClassVar[str] = "{url} cannot be a Git remote: {reason}."
    hint: ClassVar[str] = "User names and tokens come from a credentials block, never from the URL."


@dataclass(eq=False)
class BranchNameInvalid(BadInput):
    """A branch name that Git does not accept."""

    branch: str
    code: ClassVar[str] = "branch_name_invalid"
    message: ClassVar[str] = "{branch!r} is not a branch name."
    hint: ClassVar[str] = "`git help check-ref-format` has the rules."


@dataclass(eq=False)
class GitFailed(Fatal):
    """The Git program itself failed, before any remote had a say."""

    reason: str
    code: ClassVar[str] = "git_failed"
    message: ClassVar[str] = "Git failed: {reason}"
    hint: ClassVar[str] = "The project is stored; look at the disk and at `git --version`, then export again."


@dataclass(eq=False)
class GitMissing(UserActionRequired):
    """There is no Git program."""

    code: ClassVar[str] = "git_missing"
    message: ClassVar[str] = "Git is not installed, or not on PATH."
    hint: ClassVar[str] = "Install Git 2.39 or newer, then export again: the project is stored."


@dataclass(eq=False)
class PlaceUnusable(UserActionRequired):
    """The system does not let us read or write a file or folder."""

    path: str
    reason: str
    code: ClassVar[str] = "place_unusable"
    message: ClassVar[str] = "{path} cannot be used: {reason}."
    hint: ClassVar[str] = "Name another place, or see to its permissions and the space left on the disk."


# --- what outlives a run ----------------------------------------------------------------------------------------


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
    code: ClassVar[str] = "artifact_store_refused"
    message: ClassVar[str] = "The artefact store {store} refused: {reason}"
    hint: ClassVar[str] = "Check REPOMILL_MINIO_ACCESS_KEY, REPOMILL_MINIO_SECRET_KEY and the bucket's name."


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


# --- the engine -------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class EngineUnavailable(UserActionRequired):
    """The Prefect API cannot be reached."""

    url: str
    reason: str
    code: ClassVar[str] = "engine_unavailable"
    message: ClassVar[str] = "The Prefect API at {url} cannot be reached: {reason}"
    hint: ClassVar[str] = "Start it, or unset PREFECT_API_URL to use the embedded one."


@dataclass(eq=False)
class BlockMissing(UserActionRequired):
    """The Prefect server lacks a block that every flow needs."""

    block: str
    code: ClassVar[str] = "block_missing"
    message: ClassVar[str] = "This Prefect server has no block {block}."
    hint: ClassVar[str] = "Run `repomill up` with PREFECT_API_URL set to it: that seeds blocks and deployments."


@dataclass(eq=False)
class BlocksDiffer(UserActionRequired):
    """A Prefect server that others may use points at another database or artefact store than the settings do."""

    setting: str
    block: str
    code: ClassVar[str] = "blocks_differ"
    message: ClassVar[str] = "The block {block} of this Prefect server holds another value than {setting}."
    hint: ClassVar[str] = "Set {setting} to what its workers use, or run `repomill up` to point the server at yours."


@dataclass(eq=False)
class StackFailed(UserActionRequired):
    """The embedded stack did not start."""

    part: str
    reason: str
    log: str
    code: ClassVar[str] = "stack_failed"
    message: ClassVar[str] = "The embedded {part} did not start: {reason}"
    hint: ClassVar[str] = "Its log is {log}."
