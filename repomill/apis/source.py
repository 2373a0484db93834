"""Where an HTTP API is and what it asks for, as a block holds it."""

from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from repomill.apis.addresses import HostRules


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NoAuth(_Plain):
    """Asks for nothing."""


class Bearer(_Plain):
    """A token that was given out beforehand."""

    token: SecretStr


class Jwt(_Plain):
    """A token minted for every request, which says on whose behalf it is made.

    `claims` may use `$user_id`, `$user_name`, `$organisation_id` and `$organisation_name`; `lifetime` is in seconds.
    """

    key: SecretStr
    algorithm: str = "HS256"
    key_id: str = ""
    issuer: str = "repomill"
    audience: str = ""
    lifetime: Annotated[int, Field(gt=0)] = 300
    claims: dict[str, str] = Field(default_factory=dict)


class ApiKey(_Plain):
    """A key under a name, in a header, the query or a cookie."""

    key: SecretStr
    name: str = "X-API-Key"
    place: Literal["header", "query", "cookie"] = "header"


class Basic(_Plain):
    """User name and password (RFC 7617)."""

    username: str
    password: SecretStr


class OAuth2(_Plain):
    """Client credentials (RFC 6749, section 4.4)."""

    token_url: str
    client_id: str
    client_secret: SecretStr
    scope: str = ""
    audience: str = ""


Auth = NoAuth | Bearer | Jwt | ApiKey | Basic | OAuth2


class ApiSource(_Plain):
    """An API under the name by which a workflow knows it; `block` is what a person has to mend.

    `timeout` is in seconds and bounds a whole exchange. `ca` is a PEM certificate that is trusted besides the system's.
    `document` is the name of a discovered API. `further_hosts` may be contacted too: for redirects and links between
    pages; the API's own host may be, because it was named.
    """

    name: str
    block: str
    base_url: str = ""
    auth: Auth = Field(default_factory=NoAuth)
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    timeout: Annotated[float, Field(gt=0)] = 60.0
    verify: bool = True
    ca: str = ""
    document: str = ""
    further_hosts: tuple[str, ...] = ()

    @field_validator("base_url")
    @classmethod
    def _is_an_http_url(cls, value: str) -> str:
        return check_url(value) if value else value

    def rules(self, base_url: str) -> HostRules:
        """Return who may be contacted when the API lies at this URL."""
        auth = (self.auth.token_url,) if isinstance(self.auth, OAuth2) else ()
        return HostRules().allowing(*map(host_of, (base_url, *auth)), *self.further_hosts)


@dataclass(frozen=True, slots=True)
class ActingUser:
    """On whose behalf a call is made."""

    id: str
    name: str
    organisation_id: str
    organisation_name: str


def host_of(url: str) -> str:
    """Return a URL's host."""
    return urlsplit(url).hostname or ""


def check_url(url: str) -> str:
    """Return a base URL without a last slash; raises ValueError for anything but plain http or https."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("a base URL starts with http:// or https:// and names a host")
    if parts.username or parts.password:
        raise ValueError("a base URL holds no user name or password; the block has fields for them")
    if parts.query or parts.fragment:
        raise ValueError("a base URL has no query and no fragment")
    return url.rstrip("/")
