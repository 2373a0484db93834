"""The `http` tool: an agent asks hosts that the workflow names."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from ipaddress import IPv6Address
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from repomill.agents.functions import Function
from repomill.apis.addresses import HostRules, LookUp, address_in, look_up, plain_host
from repomill.apis.answers import BROKEN, BUSY, ApiAnswer
from repomill.apis.client import CallOptions, HttpApi
from repomill.apis.requests import ApiRequest
from repomill.apis.source import ActingUser, ApiSource, check_url, host_of
from repomill.calls.port import Calls
from repomill.canonical import Json
from repomill.errors import AddressRefused, ToolRefused
from repomill.tools.base import Opened, ToolArguments, ToolContext, Toolset, ToolSettings, validated
from repomill.tools.functions import parameters_of

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
MOST_TEXT = 100_000
NAME = "http_request"
SAID_BY_THE_CLIENT = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"}
)
"""Headers that say where a request goes and where it ends: with another `Host` it would be for a host nobody named."""


class HttpSettings(ToolSettings):
    """Settings of `http`."""

    hosts: Annotated[
        tuple[str, ...],
        Field(description="Hosts that may be asked at public addresses; an address written here, or `localhost`, too."),
    ] = ()
    inner_hosts: Annotated[
        tuple[str, ...], Field(description="Hosts that may be asked wherever they are, as in one's own network.")
    ] = ()
    methods: Annotated[tuple[Method, ...], Field(min_length=1, description="Methods that may be used.")] = (
        "GET",
        "HEAD",
    )
    timeout: Annotated[float, Field(gt=0, description="Seconds that a whole answer may take.")] = 30.0
    max_size: Annotated[int, Field(gt=0, description="Bytes that an answer may have.")] = 1_000_000
    max_calls: Annotated[int, Field(gt=0, description="Calls that one run may make.")] = 50

    @field_validator("hosts", "inner_hosts")
    @classmethod
    def _are_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for host in value:
            if not _is_host(host):
                raise ValueError(f"{host!r} is no host; write it as `api.example.org`, without scheme, port, path or *")
        return value

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if not self.hosts and not self.inner_hosts:
            raise ValueError("it names no host; list some under `hosts`")
        return self

    def rules(self) -> HostRules:
        """Return who may be contacted.

        No host may be a metadata service: a workflow's author is not the one who runs the machine.
        """
        return HostRules(never_metadata=True).allowing_public(*self.hosts).allowing(*self.inner_hosts)


class HttpArguments(ToolArguments):
    """Arguments of `http_request`."""

    url: Annotated[str, Field(description="Whole URL, with https:// and the query.")]
    method: Annotated[Method, Field(description="HTTP method.")] = "GET"
    headers: Annotated[dict[str, str], Field(default_factory=dict, description="Headers; none for credentials.")]
    body: Annotated[str, Field(description="Text of the body.")] = ""


_OUTPUT: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "status": {"type": "integer"},
        "content_type": {"type": "string"},
        "body": {"type": "string"},
        "is_cut": {"type": "boolean"},
    },
}


class HttpRequests(Toolset[HttpSettings]):
    """Makes HTTP requests to hosts that the workflow names; addresses are checked, redirects too."""

    name: ClassVar[str] = "http"
    version: ClassVar[int] = 1
    settings_model = HttpSettings

    def __init__(self, resolve: LookUp = look_up) -> None:
        self._resolve = resolve

    async def open(self, settings: HttpSettings, context: ToolContext, stack: AsyncExitStack) -> Opened:
        """Return the one function; its client is closed after the run."""
        api = _api(settings, self._resolve, str(context.calls.root_execution_id))
        stack.push_async_callback(api.aclose)

        async def run(arguments: Mapping[str, Any], calls: Calls) -> Json:
            # Equal requests that are not the same call have idempotency keys of their own.
            place = f"{context.node_path}/{NAME} {calls.next_number}"
            request = _request(validated(HttpArguments, arguments), settings)
            return _shown(await api.call(calls, place, request, _options(settings)))

        hosts = ", ".join((*settings.hosts, *settings.inner_hosts))
        allowed = f"Hosts: {hosts}. Methods: {', '.join(settings.methods)}."
        text = f"Make an HTTP request and get its status and text. {allowed}"
        return Opened(
            (
                Function(
                    name=NAME,
                    description=text,
                    parameters=parameters_of(HttpArguments),
                    run=run,
                    output=_OUTPUT,
                    timeout=settings.timeout * 2,
                    max_calls=settings.max_calls,
                ),
            )
        )


def _is_host(host: str) -> bool:
    if ":" in host:
        return isinstance(address_in(plain_host(host)), IPv6Address)
    return bool(host) and not any(character in host for character in "/*@ ")


def _api(settings: HttpSettings, resolve: LookUp, scope: str) -> HttpApi:
    first = plain_host((*settings.hosts, *settings.inner_hosts)[0])
    base = f"https://[{first}]" if ":" in first else f"https://{first}"
    source = ApiSource(name="http", block="", base_url=base, timeout=settings.timeout)
    return HttpApi(source, None, ActingUser("", "", "", ""), scope, rules=settings.rules(), resolve=resolve)


def _request(asked: HttpArguments, settings: HttpSettings) -> ApiRequest:
    if asked.method not in settings.methods:
        raise ToolRefused(f"{asked.method} is not allowed; {', '.join(settings.methods)} is")
    bare = asked.url.partition("#")[0]
    try:
        check_url(bare.partition("?")[0])
    except ValueError as error:
        raise ToolRefused(f"{asked.url!r} cannot be asked: {error}") from error
    if not settings.rules().names(host_of(bare)):
        raise AddressRefused(host_of(bare), "the workflow does not name it")
    for name, value in asked.headers.items():
        if not name.isascii() or not (name + value).isprintable() or not value.isascii():
            raise ToolRefused(f"the header {name!r} is not one line of ASCII")
        if name.strip().lower() in SAID_BY_THE_CLIENT:
            raise ToolRefused(f"the header {name!r} is not yours to set: it follows from the URL and the body")
    return ApiRequest(asked.method, asked.method, bare, tuple(asked.headers.items()), asked.body.encode())


def _options(settings: HttpSettings) -> CallOptions:
    """Every answer is one for the model, but those that say to try again later."""
    expect = frozenset(range(200, 600)) - BUSY - BROKEN - frozenset(range(300, 400))
    return CallOptions(expect=expect, max_size=settings.max_size)


def _shown(answer: ApiAnswer) -> Json:
    text = answer.text()
    shown: dict[str, Json] = {"status": answer.status, "content_type": answer.media_type, "body": text[:MOST_TEXT]}
    return shown | ({"is_cut": True} if len(text) > MOST_TEXT else {})
