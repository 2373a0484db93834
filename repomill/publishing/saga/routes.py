"""Which branch an export goes to, by which mode and on which base; and its plan."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from repomill.errors import MergeConflicts
from repomill.publishing._environment import child_environment
from repomill.publishing.bases import base_digest
from repomill.publishing.git_commit import temporary_repository
from repomill.publishing.git_push import GitAccess
from repomill.publishing.git_remote import GitRemote
from repomill.publishing.hosts.port import Feature, Repository, RepositoryHost
from repomill.publishing.journal import Facts
from repomill.publishing.merging.policy import MergePolicy
from repomill.publishing.options import RequestUse
from repomill.publishing.planning.export import Export, never_protected
from repomill.publishing.planning.make_plan import make_plan
from repomill.publishing.planning.plan import ExportMode, Plan
from repomill.publishing.saga.wish import HostWish
from repomill.publishing.targets import GitTarget


@dataclass(frozen=True, slots=True)
class Route:
    """The branch that is pushed to, the one it starts at where it is new, and the digest of the base ("" without)."""

    branch: str
    start: str = ""
    base: str = ""
    mode: ExportMode = ExportMode.REPLACE


@dataclass(frozen=True, slots=True)
class RoutePlan:
    """A route and what it does; `plan` is None for the first commit of a repository."""

    route: Route
    plan: Plan | None = None

    def facts(self) -> Facts:
        """Return it as a journal keeps it."""
        route = self.route
        plan = json.dumps(self.plan.to_json()) if self.plan else ""
        return {"branch": route.branch, "start": route.start, "base": route.base, "mode": route.mode, "plan": plan}

    @classmethod
    def of(cls, facts: Facts) -> "RoutePlan":
        """Read what a journal kept."""
        plan = Plan.from_json(json.loads(facts["plan"])) if facts["plan"] else None
        return cls(Route(facts["branch"], facts["start"], facts["base"], ExportMode(facts["mode"])), plan)


@dataclass(frozen=True, slots=True)
class Router:
    """Finds the way of one wish into one repository; reads only."""

    host: RepositoryHost
    wish: HostWish
    repository: Repository

    async def plan(self) -> RoutePlan:
        """Decide, and make the plan.

        Raises:
            MergeConflicts: a person has to look, and requests are not wanted.
        """
        async with opened_remote(self.host, self.repository, self.wish.timeout) as remote:
            direct = await self._route(remote, self.wish.branch)
            if direct is None:
                return RoutePlan(Route(self.wish.branch))
            if await self._goes_by_request(remote):
                return await self._planned(await self._rolling(remote, direct))
            planned = await self._planned(direct)
            if not planned.plan or not planned.plan.unresolved:
                return planned
            if self.wish.options.request is RequestUse.NEVER:
                raise MergeConflicts(self.repository.path, tuple(one.path for one in planned.plan.unresolved))
            return await self._planned(await self._rolling(remote, direct))

    async def export(self, route: Route) -> Export:
        """Return what the planner takes."""
        wish, url = self.wish, self.repository.clone_url
        return Export(
            tree=wish.tree,
            target=GitTarget(url, route.branch),
            mode=route.mode,
            base=await wish.stored(route.base) if route.base else None,
            start_branch=route.start,
            policy=MergePolicy(wish.options.rules),
            protected=never_protected,
            access=GitAccess(await self.host.git_credentials(), wish.timeout),
        )

    async def _planned(self, route: Route) -> RoutePlan:
        return RoutePlan(route, await make_plan(await self.export(route)))

    async def _route(self, remote: GitRemote, branch: str) -> Route | None:
        """Return the way onto a branch that exists."""
        if await remote.head(branch) is None:
            return None
        base = await base_digest(remote, branch, self.wish.project)
        return Route(branch, base=base or "", mode=self.wish.options.mode or ExportMode.MERGE)

    async def _goes_by_request(self, remote: GitRemote) -> bool:
        options = self.wish.options
        if options.request is not RequestUse.AUTO or Feature.REQUESTS not in self.host.features:
            return options.request is RequestUse.ALWAYS
        # A request that waits takes up what comes after it, too.
        return options.protect or bool(await self._waiting(remote))

    async def _waiting(self, remote: GitRemote) -> str | None:
        """Return the branch of the request that is open."""
        refs = await remote.refs()
        for name in reversed(_numbered(self.wish.rolling_branch, refs)):
            if await self.host.open_requests(self.repository, name):
                return name
        return None

    async def _rolling(self, remote: GitRemote, direct: Route) -> Route:
        """Go onto the branch that waits for a person, a new one after the last was merged or closed."""
        has_requests = Feature.REQUESTS in self.host.features
        there = _numbered(self.wish.rolling_branch, await remote.refs())
        waiting = await self._waiting(remote) if has_requests else (there[-1] if there else None)
        route = await self._route(remote, waiting) if waiting else None
        name = self.wish.rolling_branch + (f"-{len(there) + 1}" if there else "")
        return replace(route or direct, start=self.wish.branch, branch=waiting or name)


@asynccontextmanager
async def opened_remote(host: RepositoryHost, repository: Repository, seconds: float) -> AsyncIterator[GitRemote]:
    """Give the Git side of a repository."""
    credentials = await host.git_credentials()
    async with temporary_repository(child_environment(repository.clone_url, credentials), seconds) as git:
        yield GitRemote(git, repository.clone_url, credentials)


def _numbered(name: str, refs: dict[str, str]) -> list[str]:
    """Return the rolling branches there are, in the order in which they were made."""
    found, number = [], 1
    while f"refs/heads/{name}{'' if number == 1 else f'-{number}'}" in refs:
        found.append(name + ("" if number == 1 else f"-{number}"))
        number += 1
    return found
