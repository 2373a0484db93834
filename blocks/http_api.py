"""Block: an HTTP API."""

from typing import Any, Literal

from prefect.blocks.core import Block
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr, field_validator

from blocks.secret_maps import SecretMaps
from repomill.apis import source as plain
from repomill.apis.jwt_tokens import ALGORITHMS

# Forms of the Prefect UI: a union told apart by a discriminator cannot be filled in there, and the order of a nested
# model's fields is lost on PostgreSQL unless each says its position.


def _at(position: int, **more: Any) -> dict[str, Any]:
    return {"position": position, **more}


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NoAuthentication(_Form):
    """The API asks for nothing."""

    model_config = ConfigDict(title="None")

    kind: Literal["none"] = Field(default="none", title="Kind", json_schema_extra=_at(0))

    def plain(self) -> plain.Auth:
        return plain.NoAuth()


class BearerToken(_Form):
    """A token that was given out beforehand."""

    model_config = ConfigDict(title="Token")

    kind: Literal["bearer"] = Field(default="bearer", title="Kind", json_schema_extra=_at(0))
    token: SecretStr = Field(title="Token", json_schema_extra=_at(1))

    def plain(self) -> plain.Auth:
        return plain.Bearer(token=self.token)


class MintedJwt(_Form):
    """A JSON Web Token, minted for every request on behalf of the acting user."""

    model_config = ConfigDict(title="JWT")

    kind: Literal["jwt"] = Field(default="jwt", title="Kind", json_schema_extra=_at(0))
    key: SecretStr = Field(title="Key", description="Shared secret, or private key as PEM.", json_schema_extra=_at(1))
    algorithm: str = Field(default="HS256", title="Algorithm", json_schema_extra=_at(2, enum=[*ALGORITHMS]))
    issuer: str = Field(default="repomill", title="Issuer", json_schema_extra=_at(3))
    audience: str = Field(default="", title="Audience", json_schema_extra=_at(4))
    lifetime: int = Field(default=300, gt=0, title="Lifetime", description="In seconds.", json_schema_extra=_at(5))
    key_id: str = Field(default="", title="Key id", json_schema_extra=_at(6))
    claims: dict[str, str] = Field(
        default_factory=dict,
        title="Claims",
        description="By name; `$user_id`, `$user_name`, `$organisation_id` and `$organisation_name` are filled in.",
        json_schema_extra=_at(7),
    )

    @field_validator("algorithm")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value not in ALGORITHMS:
            raise ValueError(f"an algorithm is one of {', '.join(ALGORITHMS)}")
        return value

    def plain(self) -> plain.Auth:
        return plain.Jwt(**{name: getattr(self, name) for name in plain.Jwt.model_fields})


class ApiKeyAuthentication(_Form):
    """A key in a header, the query or a cookie."""

    model_config = ConfigDict(title="API key")

    kind: Literal["key"] = Field(default="key", title="Kind", json_schema_extra=_at(0))
    key: SecretStr = Field(title="Key", json_schema_extra=_at(1))
    name: str = Field(default="X-API-Key", min_length=1, title="Name", json_schema_extra=_at(2))
    place: Literal["header", "query", "cookie"] = Field(default="header", title="Place", json_schema_extra=_at(3))

    def plain(self) -> plain.Auth:
        return plain.ApiKey(key=self.key, name=self.name, place=self.place)


class BasicAuthentication(_Form):
    """User name and password."""

    model_config = ConfigDict(title="Password")

    kind: Literal["basic"] = Field(default="basic", title="Kind", json_schema_extra=_at(0))
    username: str = Field(title="User name", json_schema_extra=_at(1))
    password: SecretStr = Field(title="Password", json_schema_extra=_at(2))

    def plain(self) -> plain.Auth:
        return plain.Basic(username=self.username, password=self.password)


class OAuth2ClientCredentials(_Form):
    """OAuth 2 client credentials; the token is renewed when it ends or is not taken any more."""

    model_config = ConfigDict(title="OAuth 2")

    kind: Literal["oauth2"] = Field(default="oauth2", title="Kind", json_schema_extra=_at(0))
    token_url: str = Field(title="Token URL", json_schema_extra=_at(1))
    client_id: str = Field(title="Client id", json_schema_extra=_at(2))
    client_secret: SecretStr = Field(title="Client secret", json_schema_extra=_at(3))
    scope: str = Field(default="", title="Scope", json_schema_extra=_at(4))
    audience: str = Field(default="", title="Audience", json_schema_extra=_at(5))

    def plain(self) -> plain.Auth:
        return plain.OAuth2(**{name: getattr(self, name) for name in plain.OAuth2.model_fields})


Authentication = (
    NoAuthentication | BearerToken | MintedJwt | ApiKeyAuthentication | BasicAuthentication | OAuth2ClientCredentials
)


class HttpApi(SecretMaps, Block):
    """An HTTP API: where it is and what it asks for."""

    model_config = ConfigDict(title="HTTP API")

    _block_type_name = "Repomill HTTP API"
    _block_type_slug = "repomill-http-api"
    _description = "An HTTP API: where it is and what it asks for."
    _documentation_url = HttpUrl("https://spec.openapis.org/oas/latest.html")

    base_url: str = Field(
        default="",
        title="Base URL",
        description="Base URL; empty for the first server of the discovered document.",
        json_schema_extra=_at(0),
    )
    authentication: Authentication = Field(
        default_factory=NoAuthentication,
        title="Authentication",
        description="What the API asks for.",
        json_schema_extra=_at(1),
    )
    document: str = Field(
        default="",
        title="Document",
        description="Name under which its OpenAPI document was discovered; requests are checked against it.",
        json_schema_extra=_at(2),
    )
    headers: dict[str, SecretStr] = Field(
        default_factory=dict, title="Headers", description="Headers of every request.", json_schema_extra=_at(3)
    )
    timeout: float = Field(
        default=60,
        gt=0,
        title="Timeout",
        description="Seconds that a whole answer may take.",
        json_schema_extra=_at(4),
    )
    verify: bool = Field(
        default=True,
        title="Check the certificate",
        description="Whether the certificate of the server is checked.",
        json_schema_extra=_at(5),
    )
    certificate_authority: str = Field(
        default="",
        title="Certificate authority",
        description="Certificate, as PEM, that is trusted for this API in place of the usual ones.",
        json_schema_extra=_at(6),
    )
    further_hosts: list[str] = Field(
        default_factory=list,
        title="Further hosts",
        description="Hosts besides its own that redirects and links between pages may lead to.",
        json_schema_extra=_at(7),
    )

    @field_validator("base_url")
    @classmethod
    def _is_an_http_url(cls, value: str) -> str:
        return plain.check_url(value) if value else value

    def source(self, name: str, model: str = "") -> plain.ApiSource:
        """Return the source a workflow knows as `name`; an API has no model."""
        return plain.ApiSource(
            name=name,
            block=f"{self.get_block_type_slug()}/{self._block_document_name or name}",
            base_url=self.base_url,
            auth=self.authentication.plain(),
            headers=self.headers,
            timeout=self.timeout,
            verify=self.verify,
            ca=self.certificate_authority,
            document=self.document,
            further_hosts=tuple(self.further_hosts),
        )
