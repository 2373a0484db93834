"""Pushes exactly what a plan says onto exactly the commit it was made for, or nothing."""

from dataclasses import dataclass, replace

from repomill.errors import PlanOutdated, RemoteMoved
from repomill.publishing.commits import BASE_TRAILER, TREE_TRAILER, CommitDetails
from repomill.publishing.git_push import Pushed
from repomill.publishing.git_remote import NO_COMMIT
from repomill.publishing.journal import Facts, Journal, MemoryJournal, Step
from repomill.publishing.planning._result import Result, Start, Workbench, workbench
from repomill.publishing.planning.export import Export
from repomill.publishing.planning.plan import Plan
from repomill.publishing.tree_commits import NewCommit, make_commits

_COMMIT_REF = "refs/repomill/commit"


async def apply_plan(plan: Plan, export: Export, details: CommitDetails, journal: Journal | None = None) -> Pushed:
    """Push what `plan` says; `export` is what it was made of.

    `details` and `journal` must be those of the first try when this is repeated. A commit that is not exactly the
    generated tree says so: it names that tree as its base. Nothing is ever forced away.

    Raises:
        PlanOutdated: the tree, the base or the branch is another one by now; nothing was sent.
        RemoteRefused, RemoteUnavailable: the remote did not take it.
        ArtifactMissing: the tree or its base is no longer stored.
        GitFailed, GitMissing: Git itself does not work here.
    """
    journal = journal or MemoryJournal()
    noted = await journal.done(Step.PUSH)
    if noted:
        return _noted(plan, noted)
    async with workbench(export) as bench:
        pushed = await _Apply(plan, details, journal, bench).run()
    facts = {"created": pushed.created, "unchanged": pushed.unchanged}
    told = {name: "yes" if fact else "no" for name, fact in facts.items()}
    await journal.note(Step.PUSH, {"commit": pushed.commit, **told})
    return pushed


@dataclass(frozen=True, slots=True)
class _Apply:
    plan: Plan
    details: CommitDetails
    journal: Journal
    bench: Workbench

    async def run(self) -> Pushed:
        earlier = await self._earlier_try()
        if earlier:
            return earlier
        start = await self.bench.start()
        self._check_head(start)
        result = await self.bench.result(start)
        if self._planned(start, result).digest != self.plan.digest:
            raise self._outdated("the generated tree, its base or the rules are not those it was made for")
        if start.head and result.tree == start.side.tree:
            return self._pushed(start.head, unchanged=True)
        return await self._push(await self._commit(result), start)

    async def _earlier_try(self) -> Pushed | None:
        """Find the commit of a try that ended between the push and its note, also when somebody went on from it."""
        noted = await self.journal.done(Step.COMMIT)
        head = await self.bench.remote.head(self.plan.branch) if noted else None
        if noted is None or head is None:
            return None
        if head == noted["commit"]:
            return self._pushed(head)
        found = await self.bench.remote.fetch_head(self.plan.branch)
        return self._pushed(noted["commit"]) if noted["commit"] in found.parents else None

    def _check_head(self, start: Start) -> None:
        if (start.head, start.expected) != (self.plan.head, self.plan.expected):
            raise self._outdated(f"the branch is at {start.head or NO_COMMIT}, not at {self.plan.head or NO_COMMIT}")

    def _planned(self, start: Start, result: Result) -> Plan:
        export = self.bench.export
        return replace(
            self.plan,
            url=self.bench.remote.url,
            branch=export.target.branch,
            mode=export.mode,
            tree_digest=export.tree.digest,
            result_tree=result.tree,
            head=start.head,
            expected=start.expected,
        )

    async def _commit(self, result: Result) -> str:
        text = self.details.text()
        if not result.exact:
            text = text.replace(f"\n{TREE_TRAILER}: ", f"\n{BASE_TRAILER}: ")
        parents = [self.plan.head] if self.plan.head else []
        commit = NewCommit(_COMMIT_REF, result.tree, {}, parents, text, self.details.signature.line())
        (made,) = await make_commits(self.bench.remote.git, [commit])
        await self.journal.note(Step.COMMIT, {"commit": made, "parent": self.plan.head or ""})
        return made

    async def _push(self, commit: str, start: Start) -> Pushed:
        try:
            await self.bench.remote.push(commit, self.plan.branch, start.expected)
        except RemoteMoved as moved:
            # Two tries of one export make the same commit; the slower one finds it there.
            found = await self.bench.remote.head(self.plan.branch)
            if found != commit:
                raise self._outdated(f"the branch is at {found or NO_COMMIT} by now") from moved
        return self._pushed(commit)

    def _pushed(self, commit: str, *, unchanged: bool = False) -> Pushed:
        created = self.plan.expected is None and not unchanged
        return Pushed(self.plan.url, self.plan.branch, commit, created, unchanged)

    def _outdated(self, reason: str) -> PlanOutdated:
        return PlanOutdated(self.plan.url, self.plan.branch, reason)


def _noted(plan: Plan, facts: Facts) -> Pushed:
    return Pushed(plan.url, plan.branch, facts["commit"], facts["created"] == "yes", facts["unchanged"] == "yes")
