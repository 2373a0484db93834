"""An export to a host, step by step.

Each step finds out whether it already happened, so that a repeat after a crash ends with exactly one of everything.
"""

from contextlib import suppress
from dataclasses import dataclass, replace

from repomill.errors import PlanOutdated, RemoteMoved, RepomillError, RepositoryMissing, Retriable
from repomill.publishing.git_push import GitAccess, Pushed, push_tree
from repomill.publishing.hosts.ensure import ensure_repository, ensure_request
from repomill.publishing.hosts.port import Feature, Needs, Protection, Repository, RepositoryHost, RequestContent
from repomill.publishing.journal import SagaJournal, Step
from repomill.publishing.options import OnFailure, RequestUse
from repomill.publishing.planning.apply_plan import apply_plan
from repomill.publishing.planning.texts import conflict_table, summary
from repomill.publishing.saga.routes import RoutePlan, Router, opened_remote
from repomill.publishing.saga.wish import HostExported, HostWish
from repomill.publishing.targets import GitTarget

_PLANS = 3
"""How often a plan is made when others push at the same time."""


async def export_to_host(
    host: RepositoryHost, wish: HostWish, journal: SagaJournal, *, planned: RoutePlan | None = None
) -> HostExported:
    """Make the repository hold the tree, or ask for it by a request; nothing is ever forced away.

    `wish` and `journal` must be those of the first try when this is repeated. With `planned`, exactly that is done.

    Raises:
        RepositoryForeign, RepositoryTooOpen, RepositoryMissing, RepositoryNameTaken: see `ensure_repository`.
        MergeConflicts: a person has to look, and requests are not wanted.
        PlanOutdated: `planned` does not hold any more, or others pushed again and again.
        HostAccessDenied, HostRefused, TokenScopeMissing, HostRateLimited, HostUnavailable: the host says so.
        RemoteRefused, RemoteUnavailable, GitFailed, GitMissing: Git says so.
    """
    saga = _Saga(host, wish, journal, planned)
    try:
        return await saga.run()
    except RepomillError as error:
        if wish.options.on_failure is OnFailure.DELETE_IF_CREATED and not isinstance(error, Retriable):
            with suppress(RepomillError):  # the first error is the one to tell
                await saga.take_back()
        raise


@dataclass(frozen=True, slots=True)
class _Saga:
    host: RepositoryHost
    wish: HostWish
    journal: SagaJournal
    planned: RoutePlan | None

    async def run(self) -> HostExported:
        repository = await self._repository()
        way, pushed = await self._push(repository)
        await self._set_default_branch(repository)
        request = await self._request(repository, way, pushed)
        await self._protect(repository)
        unresolved = way.plan.unresolved if way.plan else ()
        return HostExported(
            web_url=repository.web_url,
            clone_url=repository.clone_url,
            branch=way.route.branch,
            commit=pushed.commit,
            created=await self._created(),
            unchanged=pushed.unchanged,
            request=request,
            conflicts=tuple(conflict.path for conflict in unresolved),
        )

    async def _repository(self) -> Repository:
        if await self.journal.done(Step.REPOSITORY):
            found = await self.host.find(self.wish.address)
            if found is None:
                raise RepositoryMissing(self.wish.address.path)
            return found
        await self.host.check_access(await self._needs())
        wish = self.wish
        ensured = await ensure_repository(self.host, wish.address, wish.settings(), wish.project, wish.timeout)
        await self.journal.note(Step.REPOSITORY, {"created": "yes" if ensured.created else "no"})
        return ensured.repository

    async def _needs(self) -> Needs:
        options = self.wish.options
        return Needs(
            visibility=options.visibility,
            create=await self.host.find(self.wish.address) is None,
            requests=options.request is RequestUse.ALWAYS,
            protection=options.protect,
            workflows=self.wish.workflows,
            delete=options.on_failure is OnFailure.DELETE_IF_CREATED,
        )

    async def _push(self, repository: Repository) -> tuple[RoutePlan, Pushed]:
        router = Router(self.host, self.wish, repository)
        for left in reversed(range(_PLANS)):
            way = await self._way(router)
            try:
                return way, await self._push_along(router, way)
            except (PlanOutdated, RemoteMoved):
                if self.planned or not left:
                    raise
                await self.journal.note(Step.PLAN, (await router.plan()).facts())
        raise AssertionError("the last try returns or raises")

    async def _way(self, router: Router) -> RoutePlan:
        noted = await self.journal.done(Step.PLAN)
        if noted:
            return RoutePlan.of(noted)
        way = self.planned or await router.plan()
        await self.journal.note(Step.PLAN, way.facts())
        return way

    async def _push_along(self, router: Router, way: RoutePlan) -> Pushed:
        export = await router.export(way.route)
        if way.plan:
            # The repository of a plan may not have existed when it was made.
            plan = replace(way.plan, url=export.target.url)
            return await apply_plan(plan, export, self.wish.details, self.journal)
        access = GitAccess(export.access.credentials, self.wish.timeout)
        target = GitTarget(export.target.url, way.route.branch)
        async with self.wish.tree.opened() as files:
            return await push_tree(files, self.wish.details, target, access, self.journal)

    async def _set_default_branch(self, repository: Repository) -> None:
        wanted = self.wish.branch
        if await self._created() and repository.default_branch != wanted and Feature.CREATION in self.host.features:
            await self.host.set_default_branch(repository, wanted)

    async def _request(self, repository: Repository, way: RoutePlan, pushed: Pushed) -> str:
        noted = await self.journal.done(Step.REQUEST)
        if noted:
            return noted["url"]
        is_there = not (pushed.unchanged and way.plan and way.plan.expected is None)
        if way.route.branch == self.wish.branch or Feature.REQUESTS not in self.host.features or not is_there:
            return ""
        request = (await ensure_request(self.host, repository, self._content(way))).request
        await self.journal.note(Step.REQUEST, {"url": request.url, "number": str(request.number)})
        return request.url

    def _content(self, way: RoutePlan) -> RequestContent:
        options, body = self.wish.options, []
        if way.plan:
            body = [f"**{summary(way.plan)}**", *([conflict_table(way.plan)] if way.plan.conflicts else [])]
        return RequestContent(
            head=way.route.branch,
            base=self.wish.branch,
            title=self.wish.details.text().partition("\n")[0],
            body="\n\n".join([*body, f"Tree `{self.wish.tree.digest}`."]),
            draft=options.draft,
            labels=options.labels,
            reviewers=options.reviewers,
        )

    async def _protect(self, repository: Repository) -> None:
        if self.wish.options.protect and not await self.journal.done(Step.PROTECTION):
            fresh = await self.host.protect(repository, self.wish.branch, Protection())
            await self.journal.note(Step.PROTECTION, {"fresh": "yes" if fresh else "no"})

    async def _created(self) -> bool:
        noted = await self.journal.done(Step.REPOSITORY)
        return bool(noted and noted["created"] == "yes")

    async def take_back(self) -> None:
        """Remove the repository that this export made, if it holds nothing but what this export put there."""
        repository = await self.host.find(self.wish.address) if await self._created() else None
        if repository is None:
            return
        noted = await self.journal.done(Step.COMMIT)
        ours = {f"refs/heads/{self.wish.branch}": noted["commit"]} if noted else {}
        async with opened_remote(self.host, repository, self.wish.timeout) as remote:
            is_untouched = (await remote.refs()).items() <= ours.items()
        if is_untouched:
            await self.host.delete(repository)
            await self.journal.forget()
