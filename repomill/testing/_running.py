"""Rules of a run: what a kind says of itself is what it does."""

import json
from typing import Any

from jsonschema import Draft202012Validator

from repomill.calls.ledger import LedgerMode
from repomill.errors import RepomillError
from repomill.nodes.base import Idempotency, NodeKind
from repomill.testing._logged import logged
from repomill.testing._world import ledgered_calls, new_ledger, watched_network
from repomill.testing.cases import Case
from repomill.testing.checks import require, require_unseen
from repomill.testing.runs import run_node
from repomill.trees.paths import check_paths


def the_output_is_plain_data(kind: NodeKind[Any], case: Case) -> None:
    """Expressions, logs and the artefact store take JSON and nothing else."""
    output = run_node(kind, case).output
    require(json.loads(json.dumps(output)) == output, f"{output!r} is not what JSON gives back")


def the_output_follows_its_schema(kind: NodeKind[Any], case: Case) -> None:
    """What validation promises to later nodes is there."""
    schema = dict(kind.output_schema(_config(kind, case)))
    problems = [error.message for error in Draft202012Validator(schema).iter_errors(run_node(kind, case).output)]
    require(not problems, f"the output does not follow output_schema: {'; '.join(problems)}")


def files_are_announced(kind: NodeKind[Any], case: Case) -> None:
    """A kind that may write says so, as publishing waits for it; known paths are written, and all paths are safe."""
    config = _config(kind, case)
    paths = [file.path for file in run_node(kind, case).files]
    check_paths(paths)
    require(kind.writes_files(config) or not paths, "it writes files, and writes_files says that it does not")
    missing = set(kind.static_paths(config)) - set(paths)
    require(not missing, f"static_paths names files that were not written: {', '.join(sorted(missing))}")


def branches_are_announced(kind: NodeKind[Any], case: Case) -> None:
    """Only branches that edges may name are chosen."""
    known = kind.branches(_config(kind, case))
    unknown = set(run_node(kind, case).branches or ()) - set(known)
    require(not unknown, f"it chose branches that `branches` does not name: {', '.join(sorted(unknown))}")


def a_pure_kind_asks_nobody(kind: NodeKind[Any], case: Case) -> None:
    """A result that is reused without asking must not depend on the world outside."""
    if kind.idempotency is not Idempotency.PURE:
        return
    with watched_network() as seen:
        first, second = run_node(kind, case), run_node(kind, case)
    require(not seen, f"a pure kind used the network: {', '.join(seen)}")
    require(first.output == second.output, f"two runs gave {first.output!r} and {second.output!r}")
    require(first.files == second.files, "two runs wrote different files")


def a_recorded_kind_asks_once(kind: NodeKind[Any], case: Case) -> None:
    """A second try, after a crash or from a recording, finds every answer in the ledger and gives the same."""
    if kind.idempotency is not Idempotency.RECORDED:
        return
    ledger = new_ledger()
    first = run_node(kind, case, calls=ledgered_calls(ledger, LedgerMode.LIVE))
    with watched_network() as seen:
        second = run_node(kind, case, calls=ledgered_calls(ledger, LedgerMode.STRICT))
    require(not seen, f"the second try used the network again: {', '.join(seen)}")
    require(first.output == second.output, f"two tries gave {first.output!r} and {second.output!r}")
    require(first.files == second.files, "two tries wrote different files")


def secrets_stay_inside(kind: NodeKind[Any], case: Case) -> None:
    """What the ports know shows neither in the result nor in an error nor in a log."""
    with logged() as lines:
        try:
            result = run_node(kind, case)
            shown = [json.dumps(result.output), *map(str, result.files)]
        except RepomillError as error:
            shown = [str(error), error.advice()]
    require_unseen(case.secrets, [*shown, *lines])


def _config(kind: NodeKind[Any], case: Case) -> Any:
    return kind.config_model.model_validate(case.config)


RULES = (
    the_output_is_plain_data, the_output_follows_its_schema, files_are_announced, branches_are_announced,
    a_pure_kind_asks_nobody, a_recorded_kind_asks_once, secrets_stay_inside,
)  # fmt: skip
