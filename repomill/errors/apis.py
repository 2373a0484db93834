"""Errors of HTTP APIs: their documents, their addresses, and calls of them."""

from dataclasses import dataclass
from typing import ClassVar

from repomill.errors.base import BadInput, Fatal, JsonObject, UserActionRequired
from repomill.errors.lookups import NotFound


@dataclass(eq=False)
class ApiDocumentInvalid(BadInput):
    """A document is not an OpenAPI 3.0 or 3.1 document; `faults` say where and what."""

    document: str
    faults: tuple[str, ...]
    code: ClassVar[str] = "api_document_invalid"
    message: ClassVar[str] = "{document} is not an OpenAPI document that can be used: {found}"
    hint: ClassVar[str] = "OpenAPI 3.0 or 3.1, as JSON or YAML. Correct the document and discover it again."

    def facts(self) -> JsonObject:
        """Add the faults as one text."""
        return super().facts() | {"found": "; ".join(self.faults)}


@dataclass(eq=False)
class ApiDocumentTooLarge(BadInput):
    """A document goes over a bound: bytes, depth, values, or files it refers to."""

    document: str
    bound: str
    code: ClassVar[str] = "api_document_too_large"
    message: ClassVar[str] = "{document} is too large: {bound}."
    hint: ClassVar[str] = "Cut the document down to the operations that are needed."


@dataclass(eq=False)
class ApiDocumentUnreadable(UserActionRequired):
    """A document, or a part of it that lies elsewhere, cannot be had."""

    location: str
    reason: str
    code: ClassVar[str] = "api_document_unreadable"
    message: ClassVar[str] = "{location} cannot be read: {reason}"
    hint: ClassVar[str] = (
        "Check the place, and whether it asks for a token: `--credentials BLOCK` names the HTTP API block that has one."
    )


@dataclass(eq=False)
class ApiNameInvalid(BadInput):
    """A name under which an API is to be known is not one that a workflow can write."""

    name: str
    code: ClassVar[str] = "api_name_invalid"
    message: ClassVar[str] = "{name!r} is no name for an API."
    hint: ClassVar[str] = (
        "Letters, digits, dots, dashes and underscores, at most 100; it begins with a letter or digit."
    )


class ApiNotFound(NotFound):
    """No discovered API has this name."""

    code: ClassVar[str] = "api_not_found"
    noun: ClassVar[str] = "API"
    hint: ClassVar[str] = "`repomill source list` prints what there is; `repomill source discover` adds one."


@dataclass(eq=False)
class OperationNotFound(BadInput):
    """The API's document has no such operation."""

    operation: str
    api: str
    near: str
    code: ClassVar[str] = "operation_not_found"
    message: ClassVar[str] = "API {api} has no operation {operation!r}."
    hint: ClassVar[str] = "{near} (`repomill source show {api}` prints what there is.)"


@dataclass(eq=False)
class ApiRequestInvalid(BadInput):
    """A request does not fit the operation's description; nothing was sent. `faults` say where and what."""

    operation: str
    faults: tuple[str, ...]
    code: ClassVar[str] = "api_request_invalid"
    message: ClassVar[str] = "The request of {operation} does not fit its description: {found}"
    hint: ClassVar[str] = "Correct the node; if the API changed, discover its document again."

    def facts(self) -> JsonObject:
        """Add the faults as one text."""
        return super().facts() | {"found": "; ".join(self.faults)}


@dataclass(eq=False)
class AddressRefused(UserActionRequired):
    """An address must not be contacted: it is of this host or of an inner network, or was not named."""

    host: str
    reason: str
    code: ClassVar[str] = "address_refused"
    message: ClassVar[str] = "{host} is not contacted: {reason}."
    hint: ClassVar[str] = (
        "If that is meant, name the host under the block's further hosts, or `inner_hosts` of the tool `http`."
    )


@dataclass(eq=False)
class ApiCredentialsInvalid(UserActionRequired):
    """A block's credentials cannot be used: the key of a JWT, or what the token endpoint said."""

    block: str
    reason: str
    code: ClassVar[str] = "api_credentials_invalid"
    message: ClassVar[str] = "The credentials of the block {block} cannot be used: {reason}"
    hint: ClassVar[str] = "Correct the block in the Prefect UI, then resume the execution."


@dataclass(eq=False)
class ApiCertificateRefused(UserActionRequired):
    """The certificate of an API's server is not one that is trusted for its name."""

    source: str
    block: str
    reason: str
    code: ClassVar[str] = "api_certificate_refused"
    message: ClassVar[str] = "Source {source} shows a certificate that is not trusted: {reason}"
    hint: ClassVar[str] = "Check the host, or give the block {block} the certificate authority of the API."


@dataclass(eq=False)
class ApiUnauthorized(UserActionRequired):
    """The API does not know who calls (401): the token is missing, wrong or expired."""

    source: str
    block: str
    reason: str
    code: ClassVar[str] = "api_unauthorized"
    message: ClassVar[str] = "Source {source} does not take the credentials of the block {block} (401): {reason}"
    hint: ClassVar[str] = "Renew what the block {block} holds, then resume the execution."


@dataclass(eq=False)
class ApiForbidden(UserActionRequired):
    """The API knows who calls and says no (403)."""

    source: str
    block: str
    reason: str
    code: ClassVar[str] = "api_forbidden"
    message: ClassVar[str] = "Source {source} forbids this to the credentials of the block {block} (403): {reason}"
    hint: ClassVar[str] = "Give the account behind the block {block} the right, or use another block; then resume."


@dataclass(eq=False)
class ApiStatusUnexpected(Fatal):
    """The API answered with a status that the node does not expect."""

    source: str
    operation: str
    status: int
    reason: str
    code: ClassVar[str] = "api_status_unexpected"
    message: ClassVar[str] = "{operation} of source {source} answered {status}: {reason}"
    hint: ClassVar[str] = "Correct the node, or add the status to its `expect`; then resume the execution."


@dataclass(eq=False)
class ApiAnswerUnusable(Fatal):
    """An answer came that the node cannot use: not JSON, too large, or not what the document promises."""

    source: str
    operation: str
    reason: str
    code: ClassVar[str] = "api_answer_unusable"
    message: ClassVar[str] = "The answer of {operation} of source {source} cannot be used: {reason}"
    hint: ClassVar[str] = "Look at the call, then change `answer`, `check_response` or `paginate` of the node."
