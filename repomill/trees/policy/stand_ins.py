"""Values that stand in for a password: `postgres://user:password@localhost`.

Some rules know the place of a secret and not its shape. Examples and compose files are full of such places, with
words in them that nobody uses as a secret; those words, and only those, are let pass.
"""

import re
from typing import Final

_FREE_FORM: Final = re.compile(r"credential-uri|connection-string|curl-auth|kubernetes-secret|password")
"""Rules, by their ids, whose secret has no shape of its own."""

_PASSWORD: Final = re.compile(r"://[^/\s:@]*:(?P<url>[^@\s]+)@|^[^\s:]+:(?!//)(?P<pair>\S+)$|\s(?P<header>\S+)$")
"""Where the password is when a rule reports a whole URL, `user:password` or `Bearer token`."""

_WORDS: Final = (
    "password|passwd|pass|pwd|change|me|example|secret|placeholder|dummy|redacted|postgresql|postgres|mysql|mariadb|mongo"
    "|redis|rabbitmq|minio|guest|admin|root|my|your|some|the|testing|test|username|user|here|token|key|api|access|database"
    "|db|app|dev|local|strong|secure|random|super|default|replace|foo|bar|hunter"
)
_STAND_IN: Final = re.compile(
    r"(?is).{0,5}"  # too short to be one
    r"|(.)\1*|[\W_]+"  # xxxxxxxx, ********
    r"|<.*>|\[.*\]|\$?\{.*\}|\$\(.*\)|\$\w+|%\w+%"  # a variable, or a hole to fill
    # Possessive, as ways to cut a text into words must not multiply.
    rf"|[\W_\d]*+(?:(?:{_WORDS})[\W_\d]*+)++"
)


def stands_in(rule_id: str, secret: str) -> bool:
    """Tell whether what a rule reports is nobody's secret."""
    if len(secret) > 500 or _FREE_FORM.search(rule_id) is None:
        return False
    place = _PASSWORD.search(secret)
    value = next((part for part in place.groups() if part), secret) if place else secret
    return _STAND_IN.fullmatch(value) is not None
