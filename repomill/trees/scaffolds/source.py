"""Where a Copier template comes from, in the forms that Copier takes."""

import re
from dataclasses import dataclass
from typing import Final, Literal

Allowance = Literal["extensions", "tasks"]
"""What of a template may run code: Jinja extensions, and the commands after rendering."""

_SHORT_FORMS: Final = {"gh:": "https://github.com/", "gl:": "https://gitlab.com/"}
_GIT: Final = re.compile(r"gh:|gl:|git\+|[a-z]+://|[\w.+-]+@[\w.-]+:")
_KNOWN_TO_COPIER: Final = ("git@", "git+", "gh:", "gl:", "https://github.com/", "https://gitlab.com/")


def is_git_source(place: str) -> bool:
    """Tell whether a template is a Git repository, or else a folder."""
    return _GIT.match(place) is not None


@dataclass(frozen=True, slots=True)
class CopierSource:
    """A template: a folder beside the specification, or a Git repository at `ref`, a tag or a full commit id."""

    place: str
    ref: str = ""

    @property
    def name(self) -> str:
        """What a workflow version stores it under; never that of a folder of Jinja2 templates."""
        return f"copier:{self.place}@{self.ref}" if self.ref else f"copier:{self.place}"

    @property
    def url(self) -> str:
        """The URL for Git, Copier's short forms written out; empty for a folder."""
        if not is_git_source(self.place):
            return ""
        for short, long in _SHORT_FORMS.items():
            if self.place.startswith(short):
                return f"{long}{self.place.removeprefix(short).strip('/').removesuffix('.git')}.git"
        return self.place.removeprefix("git+")

    @property
    def address(self) -> str:
        """What `_src_path` of the answers file says, so that `copier update` finds the template again."""
        known = self.place.startswith(_KNOWN_TO_COPIER) or self.place.endswith(".git")
        return f"git+{self.place}" if self.url and not known else self.place
