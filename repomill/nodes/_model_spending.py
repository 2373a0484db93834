"""What the calls of models that a node makes cost at most."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

from repomill.agents.prices import dearest
from repomill.agents.request import ModelChoice
from repomill.agents.source import ModelSource
from repomill.agents.windows import most_input
from repomill.calls.choke_point import SENDS_PER_CALL
from repomill.calls.spending import NOTHING, Spending
from repomill.nodes.ports import Sources
from repomill.workflow.templates import is_template

STATE_THE_LENGTH = "give the node, or the source in the workflow, `max_input_tokens`"
STATE_THE_PRICE = "state its prices in the source's block, 0 where it costs nothing"


@dataclass(frozen=True, slots=True)
class Requests:
    """So many requests, each to one of these models; `images` are shown with each."""

    count: int
    models: Sequence[ModelChoice]
    max_tokens: int
    images: int = 0


def most_spent(requests: Requests, sources: Sources) -> Spending:
    """Return what they cost at most.

    Answers that came are kept, so no further try asks for them again. One that was lost is charged, and asked for once
    more; by the model that takes over then too, so that the costs of all of them add up.
    """
    each = (_one(choice, requests, sources) for choice in requests.models)
    return reduce(add, each, NOTHING).times(requests.count * SENDS_PER_CALL)


def _one(choice: ModelChoice, requests: Requests, sources: Sources) -> Spending:
    source, model = sources.find(choice.source, ModelSource), choice.model or sources.model(choice.source)
    if source is None:
        return Spending(None, f"the block of source {choice.source} is not known here", "make the block")
    if is_template(model):
        return Spending(None, "an expression names its model", "name the model itself")
    stated = choice.max_input_tokens or sources.max_input_tokens(choice.source)
    most = most_input(source, model, stated, requests.images)
    if most is None:
        return Spending(None, f"how much {model} at source {choice.source} takes is not known", STATE_THE_LENGTH)
    cost = dearest(source, model, most, requests.max_tokens)
    if cost is None:
        return Spending(None, f"the price of {model} at source {choice.source} is not known", STATE_THE_PRICE)
    return Spending(cost)
