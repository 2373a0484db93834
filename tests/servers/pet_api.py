"""A real HTTP API with an OpenAPI document: pets, pages, files, tokens; it counts what it does and fails on demand.

with pet_api() as api: api.url, api.seen, api.faults.append(Fault(status=503, times=2))
"""

import asyncio
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qsl

import uvicorn
from fastapi import FastAPI, Header, HTTPException, Query, Request, Response
from pydantic import BaseModel, Field

from tests.servers.processes import LOOPBACK
from tests.servers.waiting import wait_until

MULTIPART, URLENCODED = "multipart/form-data", "application/x-www-form-urlencoded"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


class Pet(BaseModel):
    """A pet; `id` is given by the server."""

    id: int | None = Field(default=None, json_schema_extra={"readOnly": True})
    name: str = Field(min_length=1)
    kind: str = Field(default="cat", pattern="^(cat|dog)$")
    tags: list[str] = Field(default_factory=list)


@dataclass(frozen=True)
class Seen:
    """A request that came in."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Fault:
    """What goes wrong with the next `times` requests: a status, half an answer (`drops`), or none at all (`stalls`)."""

    status: int = 500
    times: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b'{"detail": "out of order"}'
    drops: bool = False
    stalls: bool = False
    is_done: bool = False
    """Whether the request is carried out all the same."""


@dataclass
class PetApi:
    """What the server knows; tests change it as they like. `check` returns a status for requests it does not take."""

    url: str = ""
    pets: dict[int, dict[str, Any]] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    tokens_given: int = 0
    check: Callable[[Request], int] = lambda _: 0

    def reset(self) -> None:
        fresh = PetApi(self.url)
        for name, value in vars(fresh).items():
            setattr(self, name, value)
        for number in range(1, 8):
            self.pets[number] = {"id": number, "name": f"pet {number}", "kind": "cat", "tags": []}

    def take_fault(self) -> Fault | None:
        for fault in self.faults:
            if fault.times > 0:
                fault.times -= 1
                return fault
        return None

    @property
    def last(self) -> Seen:
        return self.seen[-1]


def make_app(state: PetApi) -> FastAPI:
    """Return the application; its document is FastAPI's own, OpenAPI 3.1, at `/openapi.json`."""
    app = FastAPI(title="Pet shop", version="1.0", servers=[{"url": "/"}])
    _add_pets(app, state)
    _add_photos(app, state)
    _add_pages(app, state)
    _add_others(app, state)
    return app


def _add_pets(app: FastAPI, state: PetApi) -> None:
    @app.get("/pets/{pet_id}", operation_id="getPet", summary="Get one pet", response_model=Pet)
    def get_pet(pet_id: int) -> Any:
        return _known(state, pet_id)

    @app.post("/pets", operation_id="createPet", summary="Add a pet", status_code=201, response_model=Pet)
    def create_pet(pet: Pet, idempotency_key: Annotated[str | None, Header()] = None) -> Any:
        if idempotency_key is not None and idempotency_key in state.keys:
            return state.pets[state.keys[idempotency_key]]
        number = max(state.pets, default=0) + 1
        state.pets[number] = pet.model_dump() | {"id": number}
        if idempotency_key is not None:
            state.keys[idempotency_key] = number
        return state.pets[number]

    @app.put("/pets/{pet_id}", operation_id="replacePet", response_model=Pet)
    def replace_pet(pet_id: int, pet: Pet) -> Any:
        state.pets[pet_id] = pet.model_dump() | {"id": pet_id}
        return state.pets[pet_id]

    @app.delete("/pets/{pet_id}", operation_id="deletePet", status_code=204)
    def delete_pet(pet_id: int) -> None:
        state.pets.pop(pet_id, None)


def _add_photos(app: FastAPI, state: PetApi) -> None:
    @app.get("/pets/{pet_id}/photo", operation_id="getPhoto", responses={200: {"content": {"image/png": {}}}})
    def get_photo(pet_id: int) -> Response:
        _known(state, pet_id)
        return Response(PNG, media_type="image/png")

    @app.post("/pets/{pet_id}/photo", operation_id="addPhoto", openapi_extra=_form(MULTIPART, "photo", "title"))
    async def add_photo(pet_id: int, request: Request) -> Any:
        head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
        parts: Any = message_from_bytes(head + await request.body()).get_payload()
        content = [(part.get_filename(), part.get_payload(decode=True).decode()) for part in parts]
        return {"pet": pet_id, "parts": content}


def _add_pages(app: FastAPI, state: PetApi) -> None:
    @app.get("/pets", operation_id="listPets", summary="List pets")
    def list_pets(
        response: Response,
        page: Annotated[int, Query(ge=1)] = 1,
        limit: Annotated[int, Query(ge=1, le=100)] = 3,
        kind: str | None = None,
    ) -> list[Pet]:
        found = [pet for pet in state.pets.values() if kind in {None, pet["kind"]}]
        if page * limit < len(found):
            response.headers["Link"] = f'<{state.url}/pets?page={page + 1}&limit={limit}>; rel="next"'
        return [Pet(**pet) for pet in found[(page - 1) * limit : page * limit]]

    @app.get("/cursor", operation_id="listByCursor")
    def list_by_cursor(after: int = 0) -> Any:
        found = [pet for number, pet in state.pets.items() if number > after][:3]
        more = bool(found) and found[-1]["id"] < max(state.pets)
        url = f"/cursor?after={found[-1]['id']}" if more else None
        return {"data": {"pets": found}, "next": found[-1]["id"] if more else None, "next_url": url}

    @app.get("/offset", operation_id="listByOffset")
    def list_by_offset(offset: int = 0, limit: int = 2) -> Any:
        return {"pets": list(state.pets.values())[offset : offset + limit]}


def _add_others(app: FastAPI, state: PetApi) -> None:
    @app.post("/login", operation_id="login", openapi_extra=_form(URLENCODED, "user", "password"))
    async def login(request: Request) -> Any:
        return dict(parse_qsl((await request.body()).decode()))

    @app.get("/moved", operation_id="moved", include_in_schema=False)
    def moved(to: str) -> Response:
        return Response(status_code=302, headers={"Location": to})

    @app.post("/oauth/token", include_in_schema=False)
    async def token(request: Request) -> Any:
        form = dict(parse_qsl((await request.body()).decode()))
        user, _, secret = b64decode(request.headers["authorization"].removeprefix("Basic ")).decode().partition(":")
        if (user, secret, form.get("grant_type")) != ("app", "app-secret", "client_credentials"):
            raise HTTPException(401, {"error": "invalid_client"})
        state.tokens_given += 1
        given = f"token-{state.tokens_given}"
        state.tokens.add(given)
        return {"access_token": given, "token_type": "bearer", "expires_in": 3600}


def _form(media_type: str, *fields: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in fields}, "required": [fields[0]]}
    return {"requestBody": {"required": True, "content": {media_type: {"schema": schema}}}}


def _known(state: PetApi, pet_id: int) -> dict[str, Any]:
    if pet_id not in state.pets:
        raise HTTPException(404, f"there is no pet {pet_id}")
    return state.pets[pet_id]


class _Faulty:
    """In front of the application: notes what comes, refuses and breaks as the state says."""

    def __init__(self, app: FastAPI, state: PetApi) -> None:
        self._app, self._state = app, state

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _body(receive)
        request = Request(scope)
        self._state.seen.append(Seen(request.method, request.url.path, request.url.query, dict(request.headers), body))
        refused = 0 if request.url.path == "/oauth/token" else self._state.check(request)
        fault = Fault(refused, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}) if refused else None
        fault = fault or self._state.take_fault()
        if fault is None or fault.is_done:
            await self._app(scope, _replay(body), _nowhere if fault else send)
        if fault is not None:
            await _fail(fault, send)


async def _nowhere(_: Any) -> None:
    """Takes an answer that nobody is to get."""


async def _body(receive: Any) -> bytes:
    content, more = b"", True
    while more:
        message = await receive()
        content, more = content + message.get("body", b""), message.get("more_body", False)
    return content


def _replay(body: bytes) -> Callable[[], Any]:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _fail(fault: Fault, send: Any) -> None:
    if fault.stalls:
        await asyncio.sleep(30)
    content = b"0123456789" if fault.drops else fault.body
    length = len(content) * 2 if fault.drops else len(content)  # the connection ends before what was announced
    headers = {"content-type": "application/json", "content-length": str(length), **fault.headers}
    encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 200 if fault.drops else fault.status, "headers": encoded})
    await send({"type": "http.response.body", "body": content, "more_body": fault.drops})


@contextmanager
def pet_api(certificate: Path | None = None) -> Iterator[PetApi]:
    """Serve on a free port of 127.0.0.1; with a PEM file of certificate and key over TLS, as `localhost`."""
    state = PetApi()
    app: Any = _Faulty(make_app(state), state)
    config = uvicorn.Config(
        app,
        host=LOOPBACK,
        port=0,
        log_config=None,
        lifespan="off",
        timeout_graceful_shutdown=1,
        ssl_certfile=certificate,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started)
        scheme, host = ("https", "localhost") if certificate else ("http", LOOPBACK)
        state.url = f"{scheme}://{host}:{server.servers[0].sockets[0].getsockname()[1]}"
        state.reset()
        yield state
    finally:
        server.should_exit = True
        thread.join()
