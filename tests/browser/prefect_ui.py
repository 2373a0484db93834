"""What a person does in the Prefect UI."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, Request, Response

from tests.e2e.prefect_server import PrefectServer
from tests.servers.waiting import wait_until

SEEN_WITHIN = 5.0
"""Seconds after which a click has not worked."""


SENT_WITHIN = 30.0
"""Seconds after which nothing was sent: what is sent twice is done twice."""


def click_until(clicked: Locator, is_done: Callable[[], bool], seconds: float = SEEN_WITHIN) -> None:
    """Click until it is seen to have worked: on a busy machine the page may move under the click, and it goes by."""

    def works() -> bool:
        clicked.click()
        with suppress(TimeoutError):
            wait_until(is_done, seconds)
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
        click_until(wanted, wanted.is_hidden)

    def turn_on(self, label: str) -> None:
        """Turn a switch on."""
        switch = self.page.get_by_label(label)
        click_until(switch, switch.is_checked)

    def open_tab(self, name: str) -> None:
        """Open a tab of the page or of a form."""
        tab = self.page.get_by_role("tab", name=name)
        click_until(tab, lambda: tab.get_attribute("aria-selected") == "true")

    def submit(self) -> str:
        """Submit the form and return the flow run's id once it has ended.

        A Prefect server on SQLite may answer that it is busy; a person then presses the button again. The note that
        leads to the run is there for some seconds only, so the id is taken from the answer.
        """
        while (answer := self.press_submit()).status == 503:
            continue
        run = str(answer.json()["id"])
        assert self.server.wait_for(run) == "COMPLETED"
        return run

    def press_submit(self) -> Response:
        """Press the button until a request is sent, which is done once, and return the API's answer."""
        sent: list[Request] = []

        def note(request: Request) -> None:
            if request.url.endswith("/create_flow_run"):
                sent.append(request)

        def is_sent() -> bool:
            self.page.wait_for_timeout(50)  # only meanwhile is anything heard of requests
            return bool(sent)

        self.page.on("request", note)
        click_until(self.page.get_by_role("button", name="Submit"), is_sent, SENT_WITHIN)
        self.page.remove_listener("request", note)
        answer = sent[0].response()
        assert answer
        return answer

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
