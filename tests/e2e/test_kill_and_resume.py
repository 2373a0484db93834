"""A run's process is killed at many moments; resumed, it makes the same project and pays for no answer twice."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from tests.e2e.agents import (
    AGENTS,
    BOUND,
    answer,
    asked,
    bare_repository,
    holding,
    next_execution,
    run_arguments,
)
from tests.e2e.conftest import Models
from tests.e2e.installation import Installation, run_git
from tests.e2e.prefect_server import PrefectServer
from tests.e2e.records import Records
from tests.servers.waiting import wait_until


@dataclass(frozen=True)
class Scene:
    """What can be seen of a run from outside."""

    models: Models
    records: Records
    execution: UUID
    remote: Path

    def has_asked(self, *nodes: str) -> bool:
        return set(nodes) <= asked(self.models).keys()

    def has_committed(self, *nodes: str) -> bool:
        return set(nodes) <= self.records.committed_calls(self.execution)

    def has_event(self, event: str) -> bool:
        return event in self.records.events(self.execution)


@dataclass(frozen=True)
class Moment:
    """When to kill: once `has_come`, while the nodes of `held` wait for their answers and the Git `hook` waits.

    The hook waits in every case, so that no run is over before it is killed.
    """

    name: str
    has_come: Callable[[Scene], bool]
    held: tuple[str, ...] = ()
    hook: str = "pre-receive"


MOMENTS = [
    Moment("the first request is on its way", lambda seen: seen.has_asked("plan"), held=("plan",)),
    Moment("the first answer is stored", lambda seen: seen.has_committed("plan")),
    Moment("two requests are on their way", lambda seen: seen.has_asked("left", "right"), held=("left", "right")),
    Moment("one of two is answered", lambda seen: seen.has_committed("left"), held=("right",)),
    Moment("one of two is complete", lambda seen: seen.has_event("node.completed right"), held=("left",)),
    Moment("what follows two is on its way", lambda seen: seen.has_asked("review"), held=("review",)),
    Moment("the template is rendered", lambda seen: seen.has_event("node.completed page"), held=("tests",)),
    Moment("the last answer is stored", lambda seen: seen.has_committed("tests")),
    Moment("the tree is stored", lambda seen: seen.has_event("tree.stored")),
    Moment("the archive is stored", lambda seen: seen.has_event("node.completed archive")),
    Moment("the push has arrived", lambda seen: (seen.remote / "reached").exists()),
    Moment("the push is done", lambda seen: (seen.remote / "reached").exists(), hook="post-receive"),
]


def hold_pushes(remote: Path, hook: str) -> None:
    """Let the remote say that it was reached and then wait until the file is gone."""
    path = remote / "hooks" / hook
    path.write_text("#!/bin/sh\ntouch reached\nwhile [ -e reached ]; do sleep 0.1; done\n")
    path.chmod(0o755)


def let_pushes_in(remote: Path) -> None:
    for hook in ("pre-receive", "post-receive"):
        (remote / "hooks" / hook).unlink(missing_ok=True)
    (remote / "reached").unlink(missing_ok=True)


@pytest.fixture(scope="module")
def tree_digest(
    repomill: Installation, stack: PrefectServer, all_models: Models, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The digest of the tree when nobody disturbs the run."""
    all_models.answer_with(answer)
    remote = bare_repository(tmp_path_factory.mktemp("undisturbed") / "remote.git")
    return str(repomill.json(*run_arguments(remote))["tree"])


def kill_at(moment: Moment, repomill: Installation, models: Models, remote: Path) -> Scene:
    """Run the workflow until the moment has come; the process group is gone then."""
    records = Records(repomill.home)
    before = records.newest_execution()
    hold_pushes(remote, moment.hook)
    with holding(models, moment.held), repomill.start(*run_arguments(remote)) as run:
        scene = Scene(models, records, next_execution(records, before), remote)
        wait_until(lambda: moment.has_come(scene) or run.has_ended(), BOUND)
        assert not run.has_ended(), run.output
        run.kill()
    let_pushes_in(remote)
    wait_until(models.server.is_left_alone)  # what was sent last before the kill may be taken after it
    return scene


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.name)
def test_a_killed_run_is_resumed_without_paying_again(
    moment: Moment, repomill: Installation, models: Models, tree_digest: str, tmp_path: Path
) -> None:
    models.answer_with(answer)
    remote = bare_repository(tmp_path / "remote.git")
    killed = kill_at(moment, repomill, models, remote)
    committed, before = killed.records.committed_calls(killed.execution), asked(models)

    resumed = repomill.json("execution", "resume", killed.execution)

    again = asked(models) - before
    assert not again.keys() & committed
    assert all(asked(models)[node] <= 2 for node in before.keys() - committed)
    assert set(asked(models)) == set(AGENTS)
    assert max(again.values(), default=0) <= 1
    assert (resumed["status"], resumed["tree"]) == ("completed", tree_digest)
    assert run_git("--git-dir", str(remote), "rev-list", "--count", "main").strip() == "1"
    assert tree_digest in run_git("--git-dir", str(remote), "log", "-1", "--format=%B", "main")


def test_a_run_whose_process_lives_is_not_resumed(repomill: Installation, models: Models, tmp_path: Path) -> None:
    remote = bare_repository(tmp_path / "remote.git")
    records = Records(repomill.home)
    before = records.newest_execution()
    with holding(models, ["plan"]), repomill.start(*run_arguments(remote)) as run:
        execution = next_execution(records, before)
        wait_until(lambda: asked(models), BOUND)
        refused = repomill("execution", "resume", execution)
        assert refused.returncode == 3
        assert str(execution) in refused.stderr
        assert not run.has_ended()
    assert asked(models) == {"plan": 1}
