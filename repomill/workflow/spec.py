"""The specification's top level as frozen models; a node's `config` is checked by its kind."""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

API_VERSION = "repomill/v1"

SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
NODE_ID = r"^[a-z][a-z0-9_]*$"
NAME = r"^[A-Za-z_][A-Za-z0-9_-]*$"

Name = Annotated[str, Field(pattern=NAME, max_length=100)]
PositiveInteger = Annotated[int, Field(strict=True, gt=0)]


class SpecModel(BaseModel):
    """Base of the models: unknown keys are faults, nothing changes after it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


class SourceKind(StrEnum):
    """What a source speaks."""

    OPENAI = "openai"
    """OpenAI, and every endpoint that speaks its protocol."""


class SourceSpec(SpecModel):
    """Where models are reached."""

    kind: Annotated[SourceKind, Field(description="What the source speaks.")]
    block: Annotated[str, Field(min_length=1, description="Name of the Prefect block with endpoint and key.")] = (
        "openai"
    )
    model: Annotated[str | None, Field(description="Model of nodes that name none.")] = None


class QueueSpec(SpecModel):
    """Limits shared by the calls that go through one queue."""

    concurrency: Annotated[PositiveInteger | None, Field(description="Calls at once.")] = None
    requests_per_minute: Annotated[PositiveInteger | None, Field(description="Calls a minute.")] = None


class BudgetSpec(SpecModel):
    """What one run may spend at most."""

    cost_usd: Annotated[float | None, Field(strict=True, gt=0, description="In US dollars.")] = None
    calls: Annotated[PositiveInteger | None, Field(description="Model calls.")] = None
    tokens: Annotated[PositiveInteger | None, Field(description="Tokens, in and out.")] = None


class NodeSpec(SpecModel):
    """One node; `type` names its kind, which says what `config` may hold."""

    id: Annotated[str, Field(pattern=NODE_ID, max_length=63, description="Expressions name it: `nodes.ID.output`.")]
    type: Annotated[str, Field(description="The node kind.")]
    title: Annotated[str, Field(description="What people read instead of the id.")] = ""
    config: Annotated[dict[str, Any], Field(default_factory=dict, description="Configuration of the kind.")]


class EdgeSpec(SpecModel):
    """The node at `to` starts when the one at `from` has completed."""

    from_: Annotated[str, Field(alias="from", description="Id of the earlier node.")]
    to: Annotated[str, Field(description="Id of the later node.")]


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
