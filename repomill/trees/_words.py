"""Names made from names, as generated code and folders need them."""

import re
import unicodedata

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def slug(text: str) -> str:
    """`Billing API v2` becomes `billing-api-v2`."""
    return "-".join(re.findall(r"[a-z0-9]+", _ascii(text).lower()))


def snake_case(text: str) -> str:
    """`Billing API` and `BillingAPI` become `billing_api`; a leading digit gets an underscore before it."""
    name = "_".join(_words(text)).lower()
    return f"_{name}" if name[:1].isdigit() else name


def pascal_case(text: str) -> str:
    """`billing api` becomes `BillingApi`."""
    name = "".join(word.capitalize() for word in _words(text))
    return f"_{name}" if name[:1].isdigit() else name


def _words(text: str) -> list[str]:
    return _WORD.findall(_ascii(text))


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
