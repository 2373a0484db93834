"""Answers of APIs: as they are kept, as they are read, and what to make of their status."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from pydantic import BaseModel

from repomill.apis.media_types import is_json, plain_type
from repomill.calls.rate_limits import wait_of_refusal
from repomill.calls.statuses import TOO_FAST
from repomill.canonical import Json, as_canonical, finite
from repomill.masking import masked

# What lets others act as us is not kept.
_SECRET_HEADERS = frozenset({"set-cookie", "authorization", "proxy-authorization"})
_TEXT_TYPES = frozenset({"application/xml", "application/javascript", "application/yaml", "application/x-ndjson"})
BUSY = frozenset({TOO_FAST})
FORBIDDEN = 403
BROKEN = frozenset({408, 425, 500, 502, 503, 504})
EXCERPT = 500


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """One answer; header names are in lower case, `url` is where it came from."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    url: str

    @property
    def media_type(self) -> str:
        """The content's type without its parameters; "" when none was named."""
        return plain_type(self.headers.get("content-type", ""))

    def json(self) -> Any:
        """Return the content as JSON has it; raises ValueError for what is none."""
        return json.loads(self.content.decode("utf-8-sig"), parse_constant=_refuse_constant, parse_float=finite)

    def text(self) -> str:
        """Return the content as text, as its `charset` says; what does not fit becomes U+FFFD."""
        charset = self.headers.get("content-type", "").lower().partition("charset=")[2].partition(";")[0].strip(' "')
        try:
            return self.content.decode(charset or "utf-8", "replace")
        except LookupError:
            return self.content.decode("utf-8", "replace")

    def value(self) -> Json:
        """Return what the media type says it is: JSON, text, null for nothing, else `{"base64": …}`.

        Integers beyond 2**53 are text, so that no digit is lost.

        Raises:
            ValueError: it says JSON and is none.
        """
        if not self.content:
            return None
        if is_json(self.media_type):
            found: Json = as_canonical(self.json())
            return found
        if self.media_type.startswith("text/") or self.media_type in _TEXT_TYPES:
            return self.text()
        return {"base64": base64.b64encode(self.content).decode()}

    def stored(self) -> dict[str, Json]:
        """Return the answer as the ledger keeps it."""
        headers: dict[str, Json] = {name: value for name, value in self.headers.items() if name not in _SECRET_HEADERS}
        try:
            body: dict[str, Json] = {"text": self.content.decode()}
        except UnicodeDecodeError:
            body = {"base64": base64.b64encode(self.content).decode()}
        return {"status": self.status, "url": self.url, "headers": headers, "body": body}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "ApiAnswer":
        """Return the answer that was kept; raises ValueError for what is none."""
        try:
            body = stored["body"]
            content = body["text"].encode() if "text" in body else base64.b64decode(body["base64"])
            return cls(int(stored["status"]), dict(stored["headers"]), content, str(stored["url"]))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"it is no answer of an API: {error!r}") from error

    def is_too_fast(self, now: datetime) -> bool:
        """Tell whether it says that it is asked too often; GitHub does so with 403, and names the wait as others do."""
        if self.status != FORBIDDEN:
            return self.status in BUSY
        return "rate limit" in self.text().lower() and wait_of_refusal(self.headers, now) > 0

    def excerpt(self, source: BaseModel) -> str:
        """Return the beginning of the content, for messages, without the secrets of the source that was asked."""
        said = self.headers.get("www-authenticate", "")
        text = " ".join(f"{said} {self.text()}".split())
        return masked(text, source)[:EXCERPT] or "no content"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
