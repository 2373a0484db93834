"""What holds for all tests."""

import signal
from pathlib import Path

import pytest
from hypothesis import settings

TOGETHER = {"e2e": "e2e", "browser": "browser", "integration/stack": "stack"}
"""Folders whose tests share an embedded stack: each goes to one process of pytest-xdist, which starts it once."""


def pytest_configure() -> None:
    """Let examples of properties take their time, and Ctrl-C reach what tests start.

    Other work on the machine is no fault of an example. A shell hands what it runs in the background on with SIGINT
    ignored.
    """
    settings.register_profile("any machine", settings(deadline=None))
    settings.load_profile("any machine")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests that share a stack in one process."""
    here = Path(__file__).parent
    for item in items:
        for folder, group in TOGETHER.items():
            if here / folder in item.path.parents:
                item.add_marker(pytest.mark.xdist_group(group))
