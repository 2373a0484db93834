"""The specification's top level as frozen models; a node's `config` is checked by its kind."""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from repomill.sources import SourceKind

API_VERSION = "repomill/v1"

SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
NODE_ID = r"^[a-z][a-z0-9_]*$"
NAME = r"^[A-Za-z_][A-Za-z0-9_-]*$"

Name = Annotated[str, Field(pattern=NAME, max_length=100)]
PositiveInteger = Annotated[int, Field(strict=True, gt=0)]
PositiveNumber = Annotated[float, Field(gt=0)]


class SpecModel(BaseModel):
    """Base of the models: unknown keys are faults, nothing changes after it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


class ErrorFamily(StrEnum):
    """What kind of failure a node tries again after."""

    RETRIABLE = "retriable"
    """The other side was busy or out of reach: what `repomill.errors.Retriable` covers."""
    TIMEOUT = "timeout"
    """The node took longer than its `timeout`."""
    ANY = "any"
    """Every failure but a cancel."""


class OnError(StrEnum):
    """What becomes of the run when a node has failed for good."""

    FAIL = "fail"
    """The run fails; what is running may end, nothing new starts."""
    CONTINUE = "continue"
    """The run goes on: the node's `output` is null and `nodes.ID.error` says what happened."""
    BRANCH = "branch"
    """Edges of branch `error` are taken instead of the others."""


class OnExceed(StrEnum):
    """What becomes of a run that may cost more than its budget."""

    REFUSE = "refuse"
    """It does not start."""
    STOP = "stop"
    """It starts, and the first call that does not fit fails its node."""


class Reuse(StrEnum):
    """How far a node's result may be reused."""

    EXECUTION = "execution"
    """That of an earlier attempt of this same execution."""
    ALWAYS = "always"
    """That of any run of the organisation that did the same work."""
    NEVER = "never"
    """Nobody's: every attempt runs the node again; calls still go through the ledger."""


ERROR_BRANCH = "error"
"""The branch taken out of a node with `on_error: branch` that failed."""


class RetrySpec(SpecModel):
    """How a failed node is tried again."""

    attempts: Annotated[int, Field(strict=True, ge=1, le=20, description="Tries, the first included.")] = 3
    backoff: Annotated[float, Field(ge=0, le=3600, description="Seconds before the second try; doubles then.")] = 1.0
    max_delay: Annotated[float, Field(gt=0, le=3600, description="Longest wait, in seconds.")] = 60.0
    jitter: Annotated[float, Field(ge=0, le=1, description="Share of a wait that is left to chance.")] = 0.2
    on: Annotated[tuple[ErrorFamily, ...], Field(min_length=1, description="After which failures.")] = (
        ErrorFamily.RETRIABLE,
    )


class SourceSpec(SpecModel):
    """Where something outside is reached: models, images, a database, an HTTP API."""

    kind: Annotated[SourceKind, Field(description="What the source speaks.")]
    block: Annotated[str, Field(min_length=1, description="Name of the Prefect block with endpoint and key.")] = (
        "openai"
    )
    model: Annotated[str | None, Field(description="Model of nodes that name none.")] = None
    max_input_tokens: Annotated[
        PositiveInteger | None, Field(description="Longest request to a model, of nodes that state none.")
    ] = None
    queue: Annotated[
        str | None, Field(description="Queue its calls go through; without one its block's limits hold.")
    ] = None
    document: Annotated[str | None, Field(description="Discovered API, where it is not the block's.")] = None


class QueueSpec(SpecModel):
    """Limits shared by the calls that go through one queue."""

    concurrency: Annotated[PositiveInteger | None, Field(description="Calls at once.")] = None
    requests_per_minute: Annotated[PositiveInteger | None, Field(description="Calls a minute.")] = None
    tokens_per_minute: Annotated[PositiveInteger | None, Field(description="Tokens a minute, in and out.")] = None


class BudgetSpec(SpecModel):
    """What one run may spend at most."""

    cost_usd: Annotated[float | None, Field(strict=True, gt=0, description="In US dollars.")] = None
    calls: Annotated[PositiveInteger | None, Field(description="Model calls.")] = None
    tokens: Annotated[PositiveInteger | None, Field(description="Tokens, in and out.")] = None
    on_exceed: Annotated[
        OnExceed, Field(description="What becomes of a run that may cost more than `cost_usd`, told before it starts.")
    ] = OnExceed.REFUSE


class MockFile(SpecModel):
    """A file of a fixed answer."""

    path: Annotated[str, Field(min_length=1, description="Path in the tree.")]
    content: Annotated[str, Field(description="The content, taken as it is.")] = ""


class MockSpec(SpecModel):
    """What a node answers in a run with mocks, without doing its work."""

    output: Annotated[Any, Field(description="Stands for the node's output, taken as it is.")] = None
    files: Annotated[tuple[MockFile, ...], Field(description="Files it adds to the tree.")] = ()


class NodeSpec(SpecModel):
    """One node; `type` names its kind, which says what `config` may hold."""

    id: Annotated[str, Field(pattern=NODE_ID, max_length=63, description="Expressions name it: `nodes.ID.output`.")]
    type: Annotated[str, Field(description="The node kind.")]
    title: Annotated[str, Field(description="What people read instead of the id.")] = ""
    when: Annotated[str | bool, Field(description="Expression; the node is skipped where it is false.")] = True
    timeout: Annotated[PositiveNumber | None, Field(description="Longest time of one try, in seconds.")] = None
    retry: Annotated[RetrySpec, Field(default_factory=RetrySpec, description="How it is tried again.")]
    on_error: Annotated[OnError, Field(description="What becomes of the run when it has failed.")] = OnError.FAIL
    reuse: Annotated[Reuse, Field(description="Whose result may stand for a new one.")] = Reuse.EXECUTION
    concurrency: Annotated[
        PositiveInteger | None, Field(description="Instances at once, where it stands in a loop.")
    ] = None
    mock: Annotated[MockSpec | None, Field(description="A fixed answer, for runs that ask for mocks.")] = None
    config: Annotated[dict[str, Any], Field(default_factory=dict, description="Configuration of the kind.")]


class EdgeSpec(SpecModel):
    """The node at `to` starts when the one at `from` has completed and, for a `branch`, has chosen that branch."""

    from_: Annotated[str, Field(alias="from", description="Id of the earlier node.")]
    to: Annotated[str, Field(description="Id of the later node.")]
    branch: Annotated[
        str | None, Field(description="A branch of a router, or `error` of a node with `on_error: branch`.")
    ] = None


class BodySpec(SpecModel):
    """The nodes inside a node: what one iteration of a loop runs."""

    nodes: Annotated[tuple[NodeSpec, ...], Field(min_length=1, description="The nodes of one iteration, in any order.")]
    edges: Annotated[tuple[EdgeSpec, ...], Field(description="Which node follows which, within the iteration.")] = ()
    output: Annotated[
        Any, Field(description="What the iteration gives, an expression as a rule; what its last node gave, if absent.")
    ] = None


class WorkflowSpec(SpecModel):
    """A workflow: nodes that are joined by edges and end in files, a result, or both."""

    api_version: Annotated[Literal["repomill/v1"], Field(alias="apiVersion", description="The language's version.")]
    name: Annotated[str, Field(pattern=SLUG, max_length=63, description="Lower case, digits and single dashes.")]
    description: Annotated[str, Field(description="What the workflow makes, for people.")] = ""
    inputs: Annotated[
        dict[str, Any], Field(default_factory=dict, description="JSON Schema (2020-12) of a run's inputs.")
    ]
    variables: Annotated[
        dict[Name, Any], Field(default_factory=dict, description="Values for expressions; may use `inputs`.")
    ]
    sources: Annotated[
        dict[Name, SourceSpec], Field(default_factory=dict, description="Where models are reached, by name.")
    ]
    queues: Annotated[dict[Name, QueueSpec], Field(default_factory=dict, description="Limits of calls, by name.")]
    start_node: Annotated[
        str | None, Field(description="The one node every other is reached from; none need be named.")
    ] = None
    nodes: Annotated[tuple[NodeSpec, ...], Field(min_length=1, description="The nodes, in any order.")]
    edges: Annotated[tuple[EdgeSpec, ...], Field(description="Which node follows which.")] = ()
    timeout: Annotated[PositiveNumber | None, Field(description="Longest time of a run, in seconds.")] = None
    budget: Annotated[BudgetSpec, Field(default_factory=BudgetSpec, description="Bounds of one run's spending.")]
    output: Annotated[Any, Field(description="The run's result; may use everything.")] = None

    def node(self, node_id: str) -> NodeSpec:
        """Return one node.

        Raises:
            KeyError: no node has this id.
        """
        for node in self.nodes:
            if node.id == node_id:
                return node
        raise KeyError(node_id)
