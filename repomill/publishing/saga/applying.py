"""What applying a plan does to branches and requests, in words."""

from dataclasses import dataclass

from repomill.publishing.hosts.registry import host_kinds
from repomill.publishing.saga.routes import Route


@dataclass(frozen=True, slots=True)
class Applying:
    """The branch that is pushed to; where it is not the one that was asked for, `into` is, and `request` leads there.

    `request` is what the host calls it, "" on a host without any.
    """

    branch: str
    into: str = ""
    request: str = ""

    @classmethod
    def of(cls, kind: str, branch: str, route: Route) -> "Applying":
        """Read a route to a branch on a kind of host."""
        if route.branch == branch:
            return cls(branch)
        host = host_kinds().get(kind)
        return cls(route.branch, branch, host.request if host else "")

    def sentence(self) -> str:
        """Say it to people."""
        if not self.into:
            return f"Applying it pushes straight to the branch {self.branch}."
        if not self.request:
            return f"Applying it pushes to the branch {self.branch}, for a person to merge into {self.into}."
        opened = f"opens a {self.request} into {self.into}, unless one is open already"
        return f"Applying it pushes to the branch {self.branch} and {opened}."
