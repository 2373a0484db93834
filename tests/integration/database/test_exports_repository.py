from dataclasses import replace
from uuid import uuid4

import pytest

from repomill.errors import ExportNotFound, IllegalTransition
from storage.database.models import ExportType
from storage.database.repositories.exports import ExportResult, NewExport
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from storage.database.transitions import ExportStatus, StepState
from tests.fakes.stored_rows import completed_project, fake_digest

PUSHED = ExportResult(repository_url="file:///srv/a.git", commit_sha="c" * 40)


@pytest.fixture
def new(database: Database) -> NewExport:
    """An export of a node, not begun."""
    with database.transaction(DEFAULT_SCOPE) as work:
        project = completed_project(work)
    return NewExport(project.id, ExportType.GIT, fake_digest("t"), fake_digest("d"), "publish", "a", {"branch": "main"})


def test_a_node_exports_once(database: Database, new: NewExport) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        first = work.exports.begin(new)
        work.exports.exporting(first.id)
        work.exports.complete(first.id, PUSHED)
    with database.transaction(DEFAULT_SCOPE) as work:
        again = work.exports.begin(new)
    assert (again.id, again.status, again.commit_sha) == (first.id, ExportStatus.COMPLETED, "c" * 40)


def test_another_node_or_target_is_another_export(database: Database, new: NewExport) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        exports = [new, replace(new, node_path="archive"), replace(new, target_digest=fake_digest("u"))]
        assert len({work.exports.begin(export).id for export in exports}) == 3
        assert len(work.exports.list(new.generated_project_id)) == 3


def test_an_unfinished_export_of_a_person_is_taken_up_again(database: Database, new: NewExport) -> None:
    by_hand = replace(new, node_path=None)
    with database.transaction(DEFAULT_SCOPE) as work:
        first = work.exports.begin(by_hand)
        work.exports.exporting(first.id)
        work.exports.fail(first.id, "the remote is down")
        assert work.exports.begin(by_hand).id == first.id
        assert work.exports.exporting(first.id).error_message is None


def test_an_export_that_is_repeated_with_other_credentials_names_those(database: Database, new: NewExport) -> None:
    other = replace(new, config={"branch": "main", "credentials": "ada"})
    with database.transaction(DEFAULT_SCOPE) as work:
        work.exports.exporting(work.exports.begin(new).id)
        export = work.exports.begin(other)
        work.exports.complete(export.id, PUSHED)
        assert list(work.exports.with_credentials("ada")) == [export]
        assert work.exports.begin(new).config["credentials"] == "ada"


def test_a_person_can_export_again(database: Database, new: NewExport) -> None:
    by_hand = replace(new, node_path=None)
    with database.transaction(DEFAULT_SCOPE) as work:
        first = work.exports.begin(by_hand)
        work.exports.exporting(first.id)
        work.exports.complete(first.id, PUSHED)
        assert work.exports.begin(by_hand).id != first.id


def test_an_archive_is_recorded_with_its_size(database: Database, new: NewExport) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        export = work.exports.begin(replace(new, export_type=ExportType.TAR_GZ))
        work.exports.exporting(export.id)
        done = work.exports.complete(export.id, ExportResult(archive_path="org/1/a.tar.gz", archive_size=7))
    assert (done.archive_path, done.archive_size, done.completed_at is None) == ("org/1/a.tar.gz", 7, False)


def test_a_cancelled_export_is_taken_up_again(database: Database, new: NewExport) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        export = work.exports.begin(new)
        work.exports.cancel(export.id)
        assert work.exports.exporting(export.id).status is ExportStatus.EXPORTING


def test_an_export_that_never_began_cannot_complete(database: Database, new: NewExport) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        export = work.exports.begin(new)
    with pytest.raises(IllegalTransition), database.transaction(DEFAULT_SCOPE) as work:
        work.exports.complete(export.id, PUSHED)


def test_an_unknown_export_is_not_found(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work, pytest.raises(ExportNotFound):
        work.exports.get(uuid4())


def test_the_journal_keeps_what_steps_left(database: Database, new: NewExport) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        export = work.exports.begin(new)
        work.exports.step_started(export.id, "commit", {"parent": "p"})
        work.exports.step_done(export.id, "commit", {"sha": "c"})
        work.exports.step_started(export.id, "push")
    with database.transaction(DEFAULT_SCOPE) as work:
        steps = [(step.name, step.state, step.detail) for step in work.exports.steps(export.id)]
    assert steps == [("commit", StepState.DONE, {"parent": "p", "sha": "c"}), ("push", StepState.STARTED, {})]


def test_a_step_that_is_done_stays_done(database: Database, new: NewExport) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        export = work.exports.begin(new)
        work.exports.step_done(export.id, "push", {"sha": "c"})
        assert work.exports.step_started(export.id, "push").state is StepState.DONE
        with pytest.raises(IllegalTransition):
            work.exports.step_failed(export.id, "push")


def test_a_failed_step_starts_again(database: Database, new: NewExport) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        export = work.exports.begin(new)
        work.exports.step_started(export.id, "push")
        work.exports.step_failed(export.id, "push", {"reason": "refused"})
        assert work.exports.step_started(export.id, "push").state is StepState.STARTED
