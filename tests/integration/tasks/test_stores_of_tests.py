"""Every test of tasks runs on both pairs of database and store, or says why not."""

from pathlib import Path

import pytest

from tests.integration.tasks.conftest import PAIR

KEEPING = {"migrated_sqlite", "migrated_postgresql", "migrated_url", "database_url"}
"""What a test takes that makes its own database."""


def reason(item: pytest.Item) -> str:
    marker = item.get_closest_marker("embedded_only")
    return str(marker.args[0]) if marker and marker.args else ""


def test_what_keeps_rows_or_objects_runs_on_both_or_says_why(request: pytest.FixtureRequest) -> None:
    tests = [item for item in request.session.items if item.path.parent == Path(__file__).parent]
    alone = [
        item.nodeid
        for item in tests
        if isinstance(item, pytest.Function) and KEEPING & {*item.fixturenames} and PAIR not in item.fixturenames
    ]
    marked = {item.nodeid: reason(item) for item in tests if item.get_closest_marker("embedded_only")}
    assert [name for name in alone if name not in marked] == []
    assert [name for name, why in marked.items() if len(why) < 20] == []
