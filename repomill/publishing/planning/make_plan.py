"""Makes a plan: reads the remote, changes nothing."""

from repomill.publishing.listings import SUBMODULE, differing, list_tree
from repomill.publishing.planning._changes import changes_between
from repomill.publishing.planning._result import Result, Start, Workbench, workbench
from repomill.publishing.planning._unified_diff import unified_diff
from repomill.publishing.planning.export import Export
from repomill.publishing.planning.plan import ChangeKind, FileChange, Plan


async def make_plan(export: Export) -> Plan:
    """Tell what the export would do, file by file. Contents that do not change are not downloaded.

    Raises:
        RemoteRefused, RemoteUnavailable: the remote cannot be read.
        ArtifactMissing: the tree or its base is no longer stored.
        GitFailed, GitMissing: Git itself does not work here.
        RemoteUrlInvalid, BranchNameInvalid: Git must not be given this target.
    """
    async with workbench(export) as bench:
        start = await bench.start()
        return await describe(bench, start, await bench.result(start))


async def describe(bench: Workbench, start: Start, result: Result) -> Plan:
    """Compare what is to be pushed with what is there."""
    git, before = bench.remote.git, start.side
    after = await list_tree(git, result.tree)
    paths = differing(before.files, after)
    read = (before.files[path] for path in paths if path in before.files)
    await bench.fetch_missing(start, [blob.id for blob in read if blob.mode != SUBMODULE])
    changes = await changes_between(git, before.tree, result.tree, bench.export.protected)
    shown = await unified_diff(git, before.tree, result.tree, changes)
    return Plan(
        url=bench.remote.url,
        branch=bench.export.target.branch,
        head=start.head,
        expected=start.expected,
        mode=bench.export.mode,
        tree_digest=bench.export.tree.digest,
        result_tree=result.tree,
        changes=changes,
        conflicts=result.conflicts,
        unchanged=len(before.files) - sum(map(_touches_one, changes)),
        diff=shown.text,
        diff_left_out=shown.left_out,
    )


def _touches_one(change: FileChange) -> bool:
    return change.kind is not ChangeKind.ADD
