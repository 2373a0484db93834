from dataclasses import replace

import pytest

from repomill.errors import GeneratedProjectNotFound, IllegalTransition, ProjectFileNotFound
from storage.database.lease import Lease
from storage.database.models import GeneratedProject
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from storage.database.transitions import ExecutionStatus, GeneratedProjectStatus
from tests.fakes.stored_rows import (
    NOW,
    claim,
    completed_project,
    generating_project,
    running_execution,
    stored_file,
    stored_tree,
)


@pytest.fixture
def lease(database: Database) -> Lease:
    with database.transaction(DEFAULT_SCOPE) as work:
        return running_execution(work)


@pytest.fixture
def project(database: Database, lease: Lease) -> GeneratedProject:
    with database.transaction(DEFAULT_SCOPE) as work:
        return generating_project(work, lease)


def test_an_execution_has_one_generated_project(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        first = work.generated_projects.open(lease, "org/1/packs")
        assert work.generated_projects.open(lease, "elsewhere").id == first.id
        assert work.generated_projects.of_execution(lease.execution_id) is first
    assert (first.status, first.output_directory) == (GeneratedProjectStatus.PENDING, "org/1/packs")


def test_a_project_goes_from_pending_to_completed(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        project = completed_project(work)
        entries = [(entry.before, entry.after) for entry in work.audit.of(project.id)]
    assert entries == [(None, "pending"), ("pending", "generating"), ("generating", "completed")]
    assert (project.total_files, project.total_size, project.pack_format) == (1, 5, 1)
    assert project.completed_at is not None


def test_completing_again_keeps_the_first_date(database: Database, lease: Lease, project: GeneratedProject) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        first = work.generated_projects.complete(lease, project.id, stored_tree()).completed_at
        assert work.generated_projects.complete(lease, project.id, stored_tree()).completed_at == first


def test_files_are_recorded_and_read_by_path(database: Database, lease: Lease, project: GeneratedProject) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        files = [stored_file("src/b.py"), stored_file("README.md"), stored_file("src/a.py")]
        assert work.generated_projects.record_files(lease, project.id, files) == 3
        assert [file.file_path for file in work.project_files.list(project.id)] == ["README.md", "src/a.py", "src/b.py"]
        found = work.project_files.get(project.id, "src/a.py")
        with pytest.raises(ProjectFileNotFound):
            work.project_files.get(project.id, "src/none.py")
    assert (found.file_name, found.file_type, found.mode) == ("a.py", "python", "100644")
    assert (found.data_offset, found.stored_size, found.compression) == (30, 5, "stored")


def test_thousands_of_files_are_recorded(database: Database, lease: Lease, project: GeneratedProject) -> None:
    files = (stored_file(f"src/module_{number}.py") for number in range(2500))
    with database.transaction(DEFAULT_SCOPE) as work:
        assert work.generated_projects.record_files(lease, project.id, files) == 2500
        assert len(work.project_files.list(project.id)) == 2500


def test_files_of_a_half_finished_attempt_are_replaced(
    database: Database, lease: Lease, project: GeneratedProject
) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.generated_projects.record_files(lease, project.id, [stored_file("old.py"), stored_file("both.py")])
    with database.transaction(DEFAULT_SCOPE) as work:
        work.generated_projects.record_files(lease, project.id, [stored_file("both.py"), stored_file("new.py")])
        assert [file.file_path for file in work.project_files.list(project.id)] == ["both.py", "new.py"]


def test_a_preview_is_cut(database: Database, lease: Lease, project: GeneratedProject) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        file = replace(stored_file("long.txt"), preview="x" * 2000)
        work.generated_projects.record_files(lease, project.id, [file])
        assert len(work.project_files.get(project.id, "long.txt").content_preview) == 1000


def test_equal_files_are_found_by_their_hash(database: Database, lease: Lease, project: GeneratedProject) -> None:
    files = [stored_file("a", "11" * 32), stored_file("b", "22" * 32), stored_file("c", "11" * 32)]
    with database.transaction(DEFAULT_SCOPE) as work:
        work.generated_projects.record_files(lease, project.id, files)
        assert [file.file_path for file in work.project_files.with_content("11" * 32)] == ["a", "c"]


def test_a_failed_project_is_generated_again(database: Database, lease: Lease, project: GeneratedProject) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        assert work.generated_projects.fail(lease, project.id, "no space").error_message == "no space"
        again = work.generated_projects.generating(lease, project.id)
    assert (again.status, again.error_message) == (GeneratedProjectStatus.GENERATING, None)


def test_a_cancelled_project_is_generated_again(database: Database, lease: Lease, project: GeneratedProject) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.generated_projects.cancel(lease, project.id)
        work.executions.finish(lease, ExecutionStatus.CANCELLED)
        resumed = claim(work, lease.execution_id, "host:2", NOW)
        assert work.generated_projects.open(resumed, "org/1/packs").id == project.id
        assert work.generated_projects.generating(resumed, project.id).status is GeneratedProjectStatus.GENERATING


def test_a_blocked_project_keeps_its_tree_and_can_be_released(
    database: Database, lease: Lease, project: GeneratedProject
) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        blocked = work.generated_projects.block(lease, project.id, stored_tree(), "a secret in config.py")
        assert (blocked.status, blocked.completed_at) == (GeneratedProjectStatus.BLOCKED, None)
        assert blocked.pack_key == stored_tree().pack_key
        released = work.generated_projects.release(project.id)
    assert (released.status, released.error_message) == (GeneratedProjectStatus.COMPLETED, None)


def test_a_completed_project_is_not_generated_again(database: Database, lease: Lease) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        project = generating_project(work, lease)
        work.generated_projects.complete(lease, project.id, stored_tree())
    with pytest.raises(IllegalTransition), database.transaction(DEFAULT_SCOPE) as work:
        work.generated_projects.generating(lease, project.id)


def test_the_newest_project_is_the_latest(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        older, newer = completed_project(work), completed_project(work)
        assert work.generated_projects.resolve("latest").id == newer.id
        assert work.generated_projects.resolve(str(older.id)).id == older.id
        assert [row.id for row in work.generated_projects.list(project_id=newer.project_id)] == [newer.id, older.id]
        with pytest.raises(GeneratedProjectNotFound):
            work.generated_projects.resolve("no such thing")
