"""A real browser in front of one embedded stack, which modules leave as they found it but for projects and runs.

Fixtures: `installation` is the command, `stack` the Prefect API, `ui` a page of the browser. Without Chromium the
tests are skipped; with REPOMILL_REQUIRE_BROWSER=1 they fail. REPOMILL_SCREENSHOTS names a folder for pictures.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from deployments._processes import find_marked
from tests.browser.prefect_ui import PrefectUI
from tests.e2e.installation import Installation
from tests.e2e.prefect_server import PrefectServer
from tests.servers.waiting import PATIENCE

FOLDER = Path(__file__).parent
LIBRARY = FOLDER.parents[1] / "examples" / "library" / "workflow.yaml"

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SIZE = {"width": 1400, "height": 900}


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path."""
    path = shutil.which("chromium")
    if path:
        return path
    reason = "Chromium is not installed (Debian: apt-get install chromium)"
    if os.environ.get("REPOMILL_REQUIRE_BROWSER") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


# Playwright keeps an event loop running in this thread, so no browser may outlive its module: other tests need theirs.
@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS), timeout=PATIENCE * 1_000)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def installation(chromium: str) -> Iterator[Installation]:
    """The command, in a home of its own; nothing starts where there is no browser."""
    # Short, and directly in the system's folder for temporary files: paths of sockets are bounded.
    with tempfile.TemporaryDirectory(prefix="rm-") as folder:
        installation = Installation.make(Path(folder).resolve())
        try:
            yield installation
        finally:
            installation("down")
            left = find_marked(installation.home)
            assert not left, f"`repomill down` left {left}"


@pytest.fixture(scope="session")
def stack(installation: Installation) -> PrefectServer:
    """The embedded stack."""
    return PrefectServer(installation.up())


@pytest.fixture(scope="module")
def form(installation: Installation, stack: PrefectServer) -> str:
    """The URL of the library workflow's form, as the command prints it."""
    return str(installation.json("workflow", "add", LIBRARY)["form"])


@pytest.fixture(scope="module")
def ui(browser: Browser, stack: PrefectServer) -> Iterator[PrefectUI]:
    """One page; each test opens what it looks at."""
    folder = os.environ.get("REPOMILL_SCREENSHOTS")
    page = browser.new_page(viewport=SIZE)  # type: ignore[arg-type]  # a TypedDict of exactly these two
    page.set_default_timeout(PATIENCE * 1_000)
    yield PrefectUI(page, stack, Path(folder) if folder else None)
    page.close()
