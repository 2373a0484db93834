"""The Prefect API for commands that need one; call `use_engine` before anything imports Prefect."""

import os
from typing import TYPE_CHECKING

from cli.boundary import load_settings
from cli.output import say

if TYPE_CHECKING:
    from deployments.stack import Stack

# Prefect prints each run's log lines, tracebacks of expected errors included; people get progress and errors from us,
# and find the log lines in the Prefect UI.
QUIET = {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL", "PREFECT_CLI_PROMPT": "false"}


def engine_if_up() -> "Stack | None":
    """Return the Prefect API where one is up, and use it; nothing is started and nothing is written there."""
    from pathlib import Path

    from deployments.environment import named_api_url
    from deployments.stack import apply, ensure_stack, status
    from repomill.errors import EngineUnavailable

    settings = load_settings()
    try:
        is_named = bool(named_api_url(os.environ, Path.cwd()))
        stack = ensure_stack(settings) if is_named else status(settings)
    except EngineUnavailable:
        return None
    if stack is not None:
        os.environ.update(QUIET)
        apply(stack)
    return stack


def use_engine(*, overwrite: bool = False) -> "Stack":
    """Return the Prefect API, started when absent, with Repomill's blocks and deployments in it.

    `overwrite` points a server that somebody named, and others may use, at this command's settings.

    Raises:
        EngineUnavailable, StackFailed: there is no API to use.
        BlocksDiffer: the API that was named points at another database or artefact store.
    """
    from deployments.stack import apply, ensure_stack

    settings = load_settings()
    stack = ensure_stack(settings, say)
    os.environ.update(QUIET)
    apply(stack)
    from deployments.bootstrap import ensure_bootstrapped

    ensure_bootstrapped(settings, stack, say, overwrite=overwrite)
    return stack
