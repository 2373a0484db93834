"""Lists of names with parameters, as `RateLimit` and `RateLimit-Policy` are (RFC 9651, 3.1): `"burst";r=0;t=30, …`."""

import re
from collections.abc import Iterator

# A string that nobody closes ends with the header, so that none is read twice.
_TEXT = r'"(?:[^"\\]|\\.?)*+"?'
_MEMBER = re.compile(rf'(?:[^,"]|{_TEXT})++')
_PART = re.compile(rf'(?:[^;"]|{_TEXT})++')


def members(field: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each member's name and parameters, as they are written; a member of an older draft is a name: `reset=5`."""
    for member in _MEMBER.findall(field):
        name, *parameters = (part.strip() for part in _PART.findall(member) or ("",))
        yield name, {key: value for key, _, value in (parameter.partition("=") for parameter in parameters)}
