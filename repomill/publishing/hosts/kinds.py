"""What a module of this package declares about its kind of host, as `HOST`."""

from collections.abc import Callable
from dataclasses import dataclass

from repomill.publishing.hosts._names import NameRules
from repomill.publishing.hosts.port import HostLogin, RepositoryHost


@dataclass(frozen=True, slots=True)
class HostKind:
    """A kind of host: what stands before the colon of `--to`, how it is written, its names, and how to reach one.

    `request` is what it calls a request to merge.
    """

    name: str
    form: str
    names: NameRules
    connect: Callable[[HostLogin], RepositoryHost]
    request: str = "pull request"
