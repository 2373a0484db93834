"""The generated tree that a branch was made of: what differs from it there was changed by people.

It stands in the commits themselves, so it is right also after a request was merged, was not, or somebody rolled back.
"""

import re

from repomill.publishing.commits import BASE_TRAILER, PROJECT_TRAILER, TREE_TRAILER
from repomill.publishing.git_remote import GitRemote
from repomill.publishing.hosts.markers import MOST_COMMITS

_TREE = re.compile(rf"^\W*(?:{TREE_TRAILER}|{BASE_TRAILER}): (sha256:[0-9a-f]{{64}})$", re.MULTILINE)


async def base_digest(remote: GitRemote, branch: str, project: str) -> str | None:
    """Return the digest of the last tree of a project that is in a branch; None when its history tells of none."""
    messages = await remote.recent_messages(branch, MOST_COMMITS)
    return next(filter(None, (_told(message, project) for message in messages)), None)


def _told(message: str, project: str) -> str | None:
    """Read a message; one of a squashed request holds those of several commits, of which the last counts."""
    if f"{PROJECT_TRAILER}: {' '.join(project.split())}" not in message:
        return None
    found = _TREE.findall(message)
    return found[-1] if found else None
