"""Whole exchanges, as the ledger keeps them."""

import json
from dataclasses import dataclass

from repomill.canonical import Json
from repomill.errors import ArtifactMissing, CallsRemoved
from storage.database.ledger import Answer
from storage.database.models import Call
from tasks.services import Services


@dataclass(frozen=True, slots=True)
class Exchange:
    """A call with both its sides; `response` is None before there is one."""

    call: Call
    request: Json
    response: Json


async def load_exchange(services: Services, reference: str) -> Exchange:
    """Return the exchange of a call.

    Raises:
        CallNotFound, AmbiguousReference: the reference means no call.
        CallsRemoved: its payloads are gone.
    """
    call = await services.database.run(services.scope, lambda work: work.calls.resolve(reference), read_only=True)
    return await exchange_of(services, call)


async def exchange_of(services: Services, call: Call) -> Exchange:
    """Return the exchange of a row; raises `CallsRemoved`."""
    try:
        request: Json = json.loads(await services.store.get(call.request_key))
        answer = Answer.from_bytes(await services.store.get(call.response_key)).response if call.response_key else None
    except ArtifactMissing as error:
        raise CallsRemoved(str(call.execution_id)) from error
    return Exchange(call, request, answer)
