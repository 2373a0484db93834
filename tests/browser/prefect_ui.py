"""What a person does in the Prefect UI."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page

from tests.e2e.prefect_server import PrefectServer
from tests.servers.waiting import wait_until

SEEN_WITHIN = 5.0
"""Seconds after which a click has not worked."""


def click_until(clicked: Locator, is_done: Callable[[], bool]) -> None:
    """Click until it is seen to have worked: on a busy machine the page may move under the click, and it goes by."""

    def works() -> bool:
        clicked.click()
        with suppress(TimeoutError):
            wait_until(is_done, SEEN_WITHIN)
        return is_done()

    wait_until(lambda: is_done() or works())


@dataclass
class PrefectUI:
    """A page, the API behind it, and the folder for pictures, if any are wanted."""

    page: Page
    server: PrefectServer
    pictures: Path | None

    @property
    def url(self) -> str:
        return self.server.api_url.removesuffix("/api") + "/v2"

    def open(self, path: str) -> None:
        self.page.goto(path if path.startswith("http") else f"{self.url}/{path}")

    def choose(self, label: str, option: str) -> None:
        """Pick one of the values of a field."""
        wanted = self.page.get_by_role("option", name=option, exact=True)
        click_until(self.page.get_by_role("button", name=f"Select {label}"), wanted.is_visible)
        wanted.click()
        wanted.wait_for(state="hidden")

    def turn_on(self, label: str) -> None:
        """Turn a switch on."""
        switch = self.page.get_by_label(label)
        click_until(switch, switch.is_checked)

    def open_tab(self, name: str) -> None:
        """Open a tab of the page or of a form."""
        tab = self.page.get_by_role("tab", name=name)
        click_until(tab, lambda: tab.get_attribute("aria-selected") == "true")

    def submit(self) -> str:
        """Submit the form, follow the note that says so, and return the flow run's id once it has ended.

        A Prefect server on SQLite may answer that it is busy; a person then presses the button again.
        """
        wait_until(lambda: self.press_submit() != 503)
        self.page.get_by_role("link", name="View run").click()
        self.page.wait_for_url("**/runs/flow-run/*")
        found = re.search(r"flow-run/([0-9a-f-]{36})", self.page.url)
        assert found
        assert self.server.wait_for(found[1]) == "COMPLETED"
        return found[1]

    def press_submit(self) -> int:
        """Press the button and return the status of the API's answer."""
        with self.page.expect_response("**/create_flow_run") as answer:
            self.page.get_by_role("button", name="Submit").click()
        return answer.value.status

    def open_run(self, flow_run: str, tab: str) -> None:
        self.open(f"runs/flow-run/{flow_run}?tab={tab}")

    def open_artifact(self, flow_run: str, key: str) -> Any:
        """Open the page of an artifact and return what the API knows of it."""
        only = {"flow_run_id": {"any_": [flow_run]}, "key": {"any_": [key]}}
        found = self.server.post("/artifacts/filter", artifacts=only)
        assert len(found) == 1, f"{len(found)} artifacts {key}\n{self.server.story(flow_run)}"
        (artifact,) = found
        self.open(f"artifacts/artifact/{artifact['id']}")
        return artifact

    def text(self, text: str) -> Locator:
        return self.page.get_by_text(text).first

    def wait_for_texts(self, *texts: str) -> None:
        for text in texts:
            self.text(text).wait_for()

    def picture(self, name: str) -> None:
        """Save what is seen, once it has stopped moving."""
        if self.pictures is None:
            return
        self.page.mouse.move(0, 0)  # no card lights up
        self.page.evaluate("scrollTo(0, 0)")
        seen = [b""]

        def is_still() -> bool:
            seen.append(self.page.screenshot(full_page=True))
            return seen[-1] == seen[-2]

        wait_until(is_still)
        self.pictures.mkdir(parents=True, exist_ok=True)
        (self.pictures / f"{name}.png").write_bytes(seen[-1])
