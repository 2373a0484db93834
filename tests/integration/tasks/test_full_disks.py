"""Exports and checkouts on a full disk, or to a server that goes away: nothing half, and the export's row says so."""

import tempfile
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from random import Random
from secrets import token_hex

import pytest

from repomill.errors import ArtifactStoreUnavailable, GitFailed, PlaceUnusable, RepomillError
from repomill.publishing.exports import ExportTarget
from repomill.publishing.targets import ArchiveTarget
from repomill.trees.tree import TreeFile
from storage.artifacts._minio_connections import BucketOptions
from storage.artifacts.local import LocalDirectoryStore
from storage.artifacts.memory import MemoryStore
from storage.artifacts.minio_store import MinioStore
from tasks.publish import publish, publish_to
from tasks.run_state import StoredProject
from tasks.services import Services
from tasks.stored_trees import check_out
from tests.fakes.stored_projects import store_project
from tests.servers.cut_connection import cut_after
from tests.servers.fixtures import moto_s3
from tests.servers.s3 import S3Server
from tests.servers.small_disk import MEGABYTE, small_disk, small_files

__all__ = ["moto_s3"]

NOISE = (TreeFile("noise", Random(1).randbytes(3 * MEGABYTE)),)
ZEROS = (TreeFile("zeros", bytes(40 * MEGABYTE)),)
"""A pack of some kilobytes, and an archive that is larger than the disk."""

TAR = ExportTarget("tar")


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


async def keys(services: Services) -> list[str]:
    return [key async for key in services.store.list()]


async def fails(services: Services, project: StoredProject, error: type[RepomillError]) -> None:
    """Export to an archive, which does not succeed: the store has what it had, and the export is a failed one."""
    before = await keys(services)
    with pytest.raises(error):
        await publish(services, project, TAR)
    assert await keys(services) == before
    assert await statuses(services, project) == ["failed"]


async def statuses(services: Services, project: StoredProject) -> list[str]:
    exports = await services.database.run(services.scope, lambda work: work.exports.list(project.id))
    return [export.status.value for export in exports]


async def test_an_archive_that_does_not_fit_the_temporary_folder_is_a_failed_export(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = (await store_project(services, tmp_path, ZEROS)).project
    with small_disk(tmp_path / "disk") as disk, monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(disk))
        await fails(services, project, PlaceUnusable)
        assert names(disk) == []
    await publish(services, project, TAR)
    assert await statuses(services, project) == ["completed"]


async def test_an_archive_that_may_not_be_written_is_a_failed_export(services: Services, tmp_path: Path) -> None:
    project = (await store_project(services, tmp_path, ZEROS)).project
    with small_files():
        await fails(services, project, PlaceUnusable)


async def test_a_pack_that_does_not_fit_the_temporary_folder_is_a_failed_export(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = replace(services, store=MemoryStore())  # its objects are copied to be read, as those of a server are
    project = (await store_project(remote, tmp_path, NOISE)).project
    with small_disk(tmp_path / "disk") as disk, monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(disk))
        await fails(remote, project, PlaceUnusable)
        assert names(disk) == []
        with pytest.raises(OSError, match=str(disk)):
            await check_out(remote, "latest", tmp_path / "out")
    assert not (tmp_path / "out").is_dir()


async def test_an_archive_that_does_not_fit_the_store_is_a_failed_export(services: Services, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        full = replace(services, store=LocalDirectoryStore(disk))
        project = (await store_project(full, tmp_path, ZEROS)).project
        await fails(full, project, ArtifactStoreUnavailable)
        assert names(disk) == [project.pack_key]


async def test_a_tree_that_does_not_fit_the_store_is_not_there(services: Services, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        with pytest.raises(ArtifactStoreUnavailable):
            await store_project(replace(services, store=LocalDirectoryStore(disk)), tmp_path, NOISE)
        assert names(disk) == []


async def test_an_archive_that_does_not_fit_where_the_person_said_is_not_there(
    services: Services, tmp_path: Path
) -> None:
    await store_project(services, tmp_path, NOISE)
    with small_disk(tmp_path / "disk") as disk:
        with pytest.raises(OSError, match=r"x\.tar"):
            await publish_to(services, "latest", ArchiveTarget("tar", disk / "x.tar"), None)
        assert names(disk) == []


async def test_a_checkout_that_does_not_fit_is_not_there(services: Services, tmp_path: Path) -> None:
    await store_project(services, tmp_path, NOISE)
    with small_disk(tmp_path / "disk") as disk:
        with pytest.raises(GitFailed):
            await check_out(services, "latest", disk / "out")
        assert names(disk) == []


async def test_a_server_that_goes_away_in_the_middle_of_an_upload_has_nothing_of_it(
    services: Services, tmp_path: Path, moto_s3: S3Server
) -> None:
    name = f"interrupted-{token_hex(4)}"  # the server outlives this test, which runs once on each pair
    async with aclosing(bucket(moto_s3, moto_s3.endpoint, name)) as direct:
        await direct.check()
        project = (await store_project(replace(services, store=direct), tmp_path, ZEROS)).project
        with cut_after(moto_s3.endpoint, 25 * MEGABYTE) as (endpoint, broken):
            async with aclosing(bucket(moto_s3, endpoint, name)) as cut:
                with pytest.raises(ArtifactStoreUnavailable):
                    await publish(replace(services, store=cut), project, TAR)
            assert broken.is_set()
        assert [key async for key in direct.list()] == [project.pack_key]
        assert await statuses(services, project) == ["failed"]
        await publish(replace(services, store=direct), project, TAR)
        assert len([key async for key in direct.list()]) == 2


def bucket(server: S3Server, endpoint: str, name: str) -> MinioStore:
    return MinioStore(endpoint, name, server.access_key, server.secret_key, BucketOptions(secure=False))
