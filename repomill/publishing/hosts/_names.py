"""Which names a host accepts, and what somebody may have meant instead."""

import re
from dataclasses import dataclass

from repomill.errors import RepositoryNameInvalid

_RESERVED = {".", ".."}


@dataclass(frozen=True, slots=True)
class NameRules:
    """Patterns that a whole owner (or group) and a whole name match, and the same in words.

    `groups`: there may be more than one part before the name.
    """

    owner: str
    name: str
    owner_rule: str
    name_rule: str
    groups: bool = False

    def check(self, text: str, form: str) -> str:
        """Return the path without what people paste along with it.

        Raises:
            RepositoryNameInvalid: the host would not take it.
        """
        parts = text.split("/")
        if "://" in text or "@" in text:
            raise RepositoryNameInvalid(
                text.rpartition("@")[2], "it is a URL", f"{form}; did you mean {_meant(text, form)}?"
            )
        if len(parts) < 2 or (len(parts) > 2 and not self.groups):
            raise RepositoryNameInvalid(text, "it needs an owner and a name", form)
        reason = next(filter(None, [*map(self._owner_fault, parts[:-1]), self._name_fault(parts[-1])]), "")
        if reason:
            raise RepositoryNameInvalid(text, reason, form)
        return text

    def _owner_fault(self, owner: str) -> str:
        return "" if re.fullmatch(self.owner, owner, re.ASCII) else f"{owner!r} breaks a rule: {self.owner_rule}"

    def _name_fault(self, name: str) -> str:
        if name in _RESERVED or name.lower().endswith((".git", ".atom", ".wiki")):
            return f"{name!r} is reserved; leave out the ending"
        return "" if re.fullmatch(self.name, name, re.ASCII) else f"{name!r} breaks a rule: {self.name_rule}"


def _meant(text: str, form: str) -> str:
    """Turn a pasted URL into a target."""
    path = text.rpartition("@")[2].partition("://")[2] or text.rpartition("@")[2].replace(":", "/", 1)
    return f"{form.partition(':')[0]}:{path.partition('/')[2].removesuffix('.git').strip('/')}"
