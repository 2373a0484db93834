"""How a repository of ours is known again.

On hosts that have topics: by a topic made of the project's name. It is on the repository from the start, it survives
any history, and a person can set it by hand to hand a repository over. Elsewhere, or when somebody removed the topic:
by a commit of the project in the history of the default branch.
"""

from enum import StrEnum

from repomill.canonical import digest_bytes
from repomill.publishing.commits import PROJECT_TRAILER
from repomill.publishing.git_remote import GitRemote
from repomill.publishing.hosts.port import Repository

MOST_COMMITS = 500
"""How far back a commit of ours is looked for."""


class Ownership(StrEnum):
    """Whose a repository is."""

    EMPTY = "empty"
    OURS = "ours"
    FOREIGN = "foreign"


def marker_topic(project: str) -> str:
    """Return the topic; 25 characters, which every host accepts."""
    return f"repomill-{digest_bytes(project.encode()).removeprefix('sha256:')[:16]}"


async def ownership(repository: Repository, remote: GitRemote, project: str) -> Ownership:
    """Find out whose a repository is, at the cost of its refs and at most of some commits without files."""
    if not await remote.any_ref():
        return Ownership.EMPTY
    if marker_topic(project) in repository.topics:
        return Ownership.OURS
    branch = repository.default_branch
    if not branch or await remote.head(branch) is None:
        return Ownership.FOREIGN
    messages = await remote.recent_messages(branch, MOST_COMMITS)
    trailer = f"{PROJECT_TRAILER}: {' '.join(project.split())}"
    return Ownership.OURS if any(trailer in message.splitlines() for message in messages) else Ownership.FOREIGN
