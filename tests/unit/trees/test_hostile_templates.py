import asyncio
import json
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from repomill.errors import ExpressionFailed, RenderingTooLarge
from repomill.trees.rendering import Limits, references, render_text
from tests.unit.trees.hostile_templates import ABSURD, CURIOUS, FOLDERS, GREEDY, Folder

SECONDS = 1.0
HANGS = 20.0
"""Seconds of processor time; a slow machine under coverage needs 2 for the longest of these."""
ALL = GREEDY | ABSURD | CURIOUS


def outcome(**given: Any) -> dict[str, Any]:
    """Render in a process whose memory and processor time the kernel bounds; one that breaks a bound has no outcome.

    A busy machine takes wall time, so that is not looked at.
    """
    script = Path(__file__).with_name("contained_rendering.py")
    given["seconds"] = SECONDS
    done = subprocess.run([sys.executable, script], input=json.dumps(given), capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("source", GREEDY.values(), ids=GREEDY)
def test_a_greedy_template_ends_within_its_bounds(source: str) -> None:
    found = outcome(way="render_value", source=source)
    assert found["error"] in {"RenderingTooLarge", "ExpressionFailed"}, found
    assert found["text"].startswith("tpl")


@pytest.mark.parametrize("source", [*ABSURD.values(), *CURIOUS.values()], ids=[*ABSURD, *CURIOUS])
def test_a_template_that_reaches_too_far_is_refused_with_its_line(source: str) -> None:
    found = outcome(way="render_text", source="\n" + source)
    assert (found["error"], found["text"][:10]) == ("ExpressionFailed", "tpl, line "), found


@pytest.mark.parametrize("folder", FOLDERS.values(), ids=FOLDERS)
def test_a_hostile_folder_is_refused(folder: Folder) -> None:
    found = outcome(folder=folder)
    assert found["error"] in {"RenderingTooLarge", "ExpressionFailed", "UnsafeTree"}, found


@pytest.mark.parametrize("source", ALL.values(), ids=ALL)
def test_a_hostile_template_is_read_for_its_names_and_not_carried_out(source: str) -> None:
    """What it would do takes hours, or all memory."""
    started = time.thread_time()
    with suppress(RenderingTooLarge, ExpressionFailed):
        references(source, "field")
    assert time.thread_time() - started < HANGS


async def test_the_event_loop_goes_on_while_a_template_burns_its_time() -> None:
    source = GREEDY["nested loops"]
    burning = asyncio.create_task(asyncio.to_thread(render_text, source, {}, "file", Limits(seconds=SECONDS)))
    stalls = []
    while not burning.done():
        started = time.perf_counter()
        await asyncio.sleep(0.001)
        stalls.append(time.perf_counter() - started)
    with pytest.raises(RenderingTooLarge):
        await burning
    assert sorted(stalls)[len(stalls) // 2] < 0.05
    assert len(stalls) > 20
