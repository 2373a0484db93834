"""`repomill up`, `down` and `doctor`: the embedded stack, and whether everything is in place."""

import sys
from collections.abc import Awaitable, Callable
from typing import Any

from cli.boundary import load_settings
from cli.output import Format, FormatOption, print_facts, print_rows, say
from cli.services import run_async


def up(output: FormatOption = Format.TEXT) -> None:
    """Start the embedded stack (Prefect server, worker, artefact links) and print where things are."""
    from cli.engine import use_engine

    stack = use_engine(overwrite=True)
    settings = load_settings()
    print_facts(
        {
            "prefect_ui": stack.ui_url,
            "prefect_api": stack.api_url,
            "artifact_links": stack.links_url or None,
            "home": stack.home,
            "artifacts": settings.effective_artifacts_url(),
        },
        output,
    )


def down() -> None:
    """Stop the embedded stack."""
    from deployments.stack import stop

    say("Stopped." if stop(load_settings(), say) else "Nothing was running.")


def doctor(output: FormatOption = Format.TEXT) -> None:
    """Check database, artefact store, Git and Prefect, each with what to do about it."""
    from deployments.health import checks
    from repomill.errors import RepomillError

    rows: list[dict[str, Any]] = []
    worst = 0

    async def look(name: str, check: Callable[[], Awaitable[str]]) -> int:
        try:
            rows.append({"part": name, "state": "ok", "detail": await check(), "advice": ""})
        except RepomillError as error:
            rows.append({"part": name, "state": "wrong", "detail": str(error), "advice": error.advice()})
            return 3
        return 0

    async def look_at_all() -> int:
        return max([await look(name, check) for name, check in checks(load_settings()).items()])

    worst = run_async(look_at_all())
    print_rows(rows, output, empty="")
    sys.exit(worst)
