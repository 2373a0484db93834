"""Publishing a stored project: archives, Git remotes, the journal, repeats."""

import zipfile
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from repomill.errors import ProjectFileNotFound, ProjectNotReady, RemoteRefused, TreeCorrupt
from repomill.publishing.exports import ExportTarget
from repomill.publishing.journal import Step
from repomill.publishing.targets import ArchiveTarget
from storage.artifacts._minio_connections import BucketOptions
from storage.artifacts.minio_store import MinioStore
from storage.database.models import RepositoryExport
from storage.database.models.repository_export import ExportType
from storage.database.repositories.exports import NewExport
from storage.database.transitions import ExecutionStatus
from tasks.downloads import download_of
from tasks.export_journal import DatabaseJournal
from tasks.finish_execution import finish
from tasks.publish import publish, publish_to
from tasks.services import Services
from tasks.stored_trees import check_out, find_project, read_file
from tests.fakes.stored_projects import Stored, admitted, owned, store_project
from tests.servers.git_http import git


@pytest.fixture
async def stored(services: Services, tmp_path: Path) -> Stored:
    return await store_project(services, tmp_path)


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    git("init", "--quiet", "--bare", "--initial-branch=main", str(tmp_path / "remote.git"))
    return tmp_path / "remote.git"


async def exports_of(services: Services, stored: Stored) -> list[RepositoryExport]:
    return list(await services.database.run(services.scope, lambda work: work.exports.list(stored.project.id)))


async def keys(services: Services) -> list[str]:
    return [key async for key in services.store.list()]


async def test_a_node_publishes_once_however_often_it_runs(services: Services, stored: Stored, remote: Path) -> None:
    target = ExportTarget("git", remote.as_uri())
    first = await publish(services, stored.project, target, "push")
    again = await publish(services, stored.project, target, "push")
    assert first == again
    assert git("--git-dir", str(remote), "rev-list", "--all") == first.commit
    assert len(await exports_of(services, stored)) == 1


async def test_a_finished_export_is_not_asked_of_the_remote_again(
    services: Services, stored: Stored, remote: Path
) -> None:
    target = ExportTarget("git", remote.as_uri())
    first = await publish(services, stored.project, target, "push")
    git("--git-dir", str(remote), "update-ref", "-d", "refs/heads/main")
    assert await publish(services, stored.project, target, "push") == first
    assert git("--git-dir", str(remote), "for-each-ref") == ""


async def test_two_nodes_and_two_targets_are_exports_of_their_own(services: Services, stored: Stored) -> None:
    for kind, node in (("zip", "a"), ("zip", "b"), ("tar.gz", "a")):
        await publish(services, stored.project, ExportTarget(kind), node)
    assert len({export.id for export in await exports_of(services, stored)}) == 3


async def test_an_export_that_failed_goes_on_as_the_same_one(
    services: Services, stored: Stored, tmp_path: Path
) -> None:
    target = ExportTarget("git", (tmp_path / "late.git").as_uri())
    with pytest.raises(RemoteRefused):
        await publish(services, stored.project, target, "push")
    [failed] = await exports_of(services, stored)
    assert (failed.status.value, "no such repository" in (failed.error_message or "")) == ("failed", True)
    git("init", "--quiet", "--bare", str(tmp_path / "late.git"))
    exported = await publish(services, stored.project, target, "push")
    [done] = await exports_of(services, stored)
    assert (str(done.id), done.status.value, done.error_message) == (exported.export_id, "completed", None)
    assert done.id == failed.id


async def test_an_archive_is_stored_once_under_the_tree(services: Services, stored: Stored) -> None:
    await publish(services, stored.project, ExportTarget("tar.gz"), "a")
    before = await keys(services)
    await publish(services, stored.project, ExportTarget("tar.gz"), "b")
    assert await keys(services) == before


async def test_an_archive_is_linked_where_links_are_served(services: Services, stored: Stored) -> None:
    linked = replace(services, links_url="http://127.0.0.1:1/")
    exported = await publish(linked, stored.project, ExportTarget("zip"))
    assert exported.url.startswith("http://127.0.0.1:1/org/")
    assert (await publish(services, stored.project, ExportTarget("zip"))).url.startswith("org/")


async def test_an_archive_goes_where_the_person_said(services: Services, stored: Stored, tmp_path: Path) -> None:
    told = await publish_to(services, "latest", ArchiveTarget("zip", tmp_path / "new" / "x.zip"), None)
    with zipfile.ZipFile(told["to"]) as archive:
        assert set(archive.namelist()) == {file.path for file in stored.files}


@pytest.mark.embedded_only("a folder keeps both under one inode; a bucket copies by itself")
async def test_a_zip_archive_is_the_pack_itself(services: Services, stored: Stored, tmp_path: Path) -> None:
    exported = await publish(services, stored.project, ExportTarget("zip"))
    folder = tmp_path / "home" / "artifacts"
    assert (folder / exported.url).samefile(folder / stored.project.pack_key)


@pytest.mark.embedded_only("a bucket signs links: the next test")
async def test_without_a_path_an_archive_is_linked_to(services: Services, stored: Stored) -> None:
    linked = replace(services, links_url="http://127.0.0.1:1/")
    told = await download_of(linked, stored.project, "tar.gz")
    assert told is not None
    assert (told.url.startswith("http://127.0.0.1:1/org/"), told.ends) == (True, None)
    assert await download_of(linked, stored.project, "git") is None


async def test_a_store_that_signs_links_gives_one_that_ends(services: Services, stored: Stored) -> None:
    options = BucketOptions(region="us-east-1", link_seconds=3600)
    async with aclosing(MinioStore("store.example", "bucket", "key", "private", options)) as bucket:
        told = await download_of(replace(services, store=bucket), stored.project, "zip")
    assert told is not None
    assert told.ends is not None
    assert timedelta(minutes=59) < told.ends - datetime.now(UTC) < timedelta(minutes=61)
    assert "tea.zip" in told.url
    assert "private" not in told.url


async def test_a_store_that_is_gone_costs_the_link_only(services: Services, stored: Stored) -> None:
    """Without a region the server has to be asked for it."""
    async with aclosing(MinioStore("127.0.0.1:1", "bucket", "k", "s", BucketOptions(secure=False))) as bucket:
        assert await download_of(replace(services, store=bucket), stored.project, "zip") is None


async def test_the_journal_keeps_a_step_with_its_facts(services: Services, stored: Stored) -> None:
    new = NewExport(stored.project.id, ExportType.GIT, "sha256:" + "0" * 64, stored.project.tree_digest)
    export = await services.database.run(services.scope, lambda work: work.exports.begin(new))
    journal = DatabaseJournal(services, export.id)
    assert await journal.done(Step.COMMIT) is None
    await journal.note(Step.COMMIT, {"commit": "1", "parent": ""})
    await journal.note(Step.COMMIT, {"commit": "2", "parent": ""})
    assert await DatabaseJournal(services, export.id).done(Step.COMMIT) == {"commit": "2", "parent": ""}
    assert await journal.done(Step.PUSH) is None


async def test_a_file_is_read_out_of_the_pack(services: Services, stored: Stored) -> None:
    for file in stored.files:
        assert await read_file(services, str(stored.project.id), file.path) == file.content
    with pytest.raises(ProjectFileNotFound):
        await read_file(services, "latest", "none")


async def test_other_bytes_than_were_stored_are_refused(services: Services, stored: Stored) -> None:
    content = await services.store.get(stored.project.pack_key)
    await services.store.put(stored.project.pack_key, content.replace(bytes(range(256)), bytes(256)))
    with pytest.raises(TreeCorrupt, match=r"logo\.bin"):
        await read_file(services, "latest", "logo.bin")


async def test_a_checkout_has_the_commit_that_a_push_makes(
    services: Services, stored: Stored, remote: Path, tmp_path: Path
) -> None:
    exported = await publish(services, stored.project, ExportTarget("git", remote.as_uri()))
    assert (await check_out(services, "latest", tmp_path / "out")).commit == exported.commit


async def test_a_project_that_is_not_finished_does_not_leave(services: Services, tmp_path: Path) -> None:
    lease = await owned(services, await admitted(services, tmp_path))
    await services.database.run(services.scope, lambda work: work.generated_projects.open(lease, "here"))
    with pytest.raises(ProjectNotReady, match="pending"):
        await find_project(services, "latest")
    await finish(services, lease, ExecutionStatus.CANCELLED)
    with pytest.raises(ProjectNotReady, match="cancelled"):
        await find_project(services, "latest")
