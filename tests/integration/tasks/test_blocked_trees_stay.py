"""A blocked tree leaves by no target that there is, planned or not."""

from pathlib import Path

import pytest

from repomill.errors import TreeBlocked
from repomill.publishing.hosts.registry import host_kinds
from repomill.publishing.targets import ArchiveTarget, destination_kinds, parse_destination
from repomill.trees.policy import Finding, Verdict
from repomill.trees.tree import TreeFile
from storage.database.work import Work
from tasks.export_plans import plan_export
from tasks.publish import export_target, publish_to
from tasks.services import Services
from tests.fakes.stored_projects import admitted, owned, stored_tree

VERDICT = Verdict((Finding("placeholder", "a.txt", 1, "Leaves code out.", "block"),), True, False)


@pytest.fixture
async def blocked(services: Services, tmp_path: Path) -> Services:
    tree = await stored_tree(services, [TreeFile("a.txt", b"... rest of the code unchanged ...\n")])
    lease = await owned(services, await admitted(services, tmp_path))

    def block(work: Work) -> None:
        project = work.generated_projects.open(lease, services.store.name)
        work.generated_projects.generating(lease, project.id)
        work.generated_projects.block(lease, project.id, tree, "no", VERDICT.to_json())

    await services.database.run(services.scope, block)
    return services


def places(kind: str, folder: Path) -> list[str]:
    """Return every way to write a target of a kind."""
    if kind in host_kinds():
        return [f"{kind}:ada/shop"]
    return [f"git:{(folder / 'remote.git').as_uri()}"] if kind == "git" else [kind, f"{kind}:{folder}/out/file"]


@pytest.mark.parametrize("kind", sorted(destination_kinds()))
async def test_it_leaves_by_no_target(blocked: Services, tmp_path: Path, kind: str) -> None:
    for place in places(kind, tmp_path):
        target = parse_destination(place)
        wanted = target if isinstance(target, ArchiveTarget) else export_target(target)
        with pytest.raises(TreeBlocked, match=r"a\.txt:1"):
            await publish_to(blocked, "latest", wanted, None)
        if not isinstance(wanted, ArchiveTarget):
            with pytest.raises(TreeBlocked, match=r"a\.txt:1"):
                await plan_export(blocked, "latest", wanted, None)
    assert await blocked.database.run(blocked.scope, lambda work: list(work.exports.find(9))) == []
    assert not list((tmp_path / "out").glob("*"))
