"""Errors of plug-ins."""

from dataclasses import dataclass
from typing import ClassVar

from repomill.errors.base import BadInput


@dataclass(eq=False)
class PluginNameInvalid(BadInput):
    """A name that no node kind can have, or that one has already."""

    name: str
    reason: str
    code: ClassVar[str] = "plugin_name_invalid"
    message: ClassVar[str] = "{name!r} cannot name a node kind: {reason}."
    hint: ClassVar[str] = (
        "Use lower case letters, digits and underscores, as in `jira_ticket`; `repomill node list` shows names in use."
    )
