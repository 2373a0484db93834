import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from threading import Thread

import psutil
import pytest

from repomill.canonical import Json
from repomill.errors import ExpressionFailed, RenderingTooLarge, RepomillError
from repomill.trees._folder import Folder
from repomill.trees.folder_reads import folder_reads
from repomill.trees.rendering import Limits, render_folder
from repomill.trees.tree import FileMode, TreeFile
from tests.servers.waiting import wait_until

SCOPE: dict[str, Json] = {"names": ["a", "b"], "docs": False}
LONG = "{#" + "x" * 20_000 + "#}"
"""A folder with a file of this length is rendered by processes."""
BURNING = LONG + "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"


def folder_of(*templates: str) -> list[TreeFile]:
    return [TreeFile(f"f{number}.j2", text.encode()) for number, text in enumerate(templates)]


def failure(files: list[TreeFile], limits: Limits | None = None) -> RepomillError:
    with pytest.raises(RepomillError) as caught:
        tuple(render_folder(files, SCOPE, "tpl", limits or Limits()))
    return caught.value


@contextmanager
def burning() -> Iterator[tuple[psutil.Process, list[RepomillError]]]:
    """Render what takes long, and hand over the process that does it and the list the error will be in."""
    errors: list[RepomillError] = []
    thread = Thread(target=lambda: errors.append(failure(folder_of(BURNING), Limits(seconds=60))))
    thread.start()
    yield worker_of(psutil.Process()), errors
    thread.join()


def workers_of(parent: psutil.Process) -> list[psutil.Process]:
    """Return the rendering processes; a child that another test left as a zombie has no command line any more."""
    found = []
    for child in parent.children():
        with suppress(psutil.Error):
            found += [child] if "repomill.trees._rendering_worker" in child.cmdline() else []
    return found


def worker_of(parent: psutil.Process) -> psutil.Process:
    """Wait for a process that is at work: its start takes less processor time than this."""

    def at_work() -> list[psutil.Process]:
        return [child for child in workers_of(parent) if child.cpu_times().user > 1]

    wait_until(at_work)
    return at_work()[0]


def test_processes_render_what_one_thread_does() -> None:
    macros = TreeFile("_m/m", b"{% macro row(x) %}<{{ x }}>{% endmacro %}")
    source = "{% import '_m/m' as m %}{% include 'plain' %}{{ m.row(NUMBER) }}{% for n in names %}{{ n }}{% endfor %}"
    files = [
        macros,
        TreeFile("plain", b"{{ 1 }}"),
        TreeFile("{% if docs %}x{% endif %}.j2", b"{{ nope }}"),
        TreeFile("{{ names[0] }}/b.bin", b"\0\xff", "100755"),
        *(TreeFile(f"f{number}.j2", source.replace("NUMBER", str(number)).encode()) for number in range(300)),
    ]
    folder = Folder({file.path: file.content for file in files}.get, SCOPE, "tpl", Limits())
    alone = tuple(written for file in files[1:] if (written := folder.file(file)))
    assert tuple(render_folder(files, SCOPE, "tpl")) == alone
    assert len(alone) == 302


def test_what_a_folder_reads_is_the_same_by_processes() -> None:
    few = [TreeFile("{{ inputs.a.b }}/x", b"{{ nodes.n.output }}"), TreeFile("b.j2", b"{{ variables.c }}{{ d }}")]
    many = [TreeFile(f"f{number}.j2", b"{{ inputs.a }}{{ n%d }}" % number) for number in range(200)]
    reads = {("inputs", "a"), ("nodes", "n"), ("variables", "c"), ("d",)}
    assert folder_reads(few, "tpl") == reads
    assert folder_reads([*few, *many], "tpl") == reads | {(f"n{number}",) for number in range(200)}


def test_a_file_that_cannot_be_read_is_named_with_its_line() -> None:
    with pytest.raises(ExpressionFailed, match=r"tpl/f1\.j2, line 3"):
        folder_reads(folder_of("", "\n\n{% if %}"), "tpl")


def test_what_is_only_copied_need_be_no_template() -> None:
    assert folder_reads([TreeFile("x.js", b"{{ {% }}"), TreeFile("y", b"{{ z }}")], "tpl") == {("z",)}


def test_the_first_file_with_a_fault_is_named_with_its_line() -> None:
    files = folder_of(*["{{ names }}"] * 200, "\n{{ nope }}", *["{{ other }}"] * 200)
    error = failure(files)
    assert isinstance(error, ExpressionFailed)
    assert (error.place, error.line, error.reason) == ("tpl/f200.j2", 2, "'nope' is undefined")


def test_a_fault_in_an_included_file_names_that_file() -> None:
    error = failure([*folder_of(LONG + "{% include '_m/b' %}"), TreeFile("_m/b", b"\n\n{{ nope }}")])
    assert isinstance(error, ExpressionFailed)
    assert (error.place, error.line) == ("tpl/_m/b", 3)


def test_includes_stay_in_the_folder() -> None:
    assert "there is no template" in str(failure(folder_of(LONG + "{% include '../secret' %}")))


def test_a_template_that_burns_its_time_is_stopped() -> None:
    error = failure(folder_of("{{ names }}", BURNING, "{{ names }}"), Limits(seconds=1))
    assert isinstance(error, RenderingTooLarge)
    assert (error.place, error.bound) == ("tpl/f1.j2", "1 seconds")


@pytest.mark.parametrize(
    ("number", "said"), [(signal.SIGPROF, "went over 60 seconds"), (signal.SIGKILL, "ended with status -9")]
)
def test_the_file_at_which_a_process_was_killed_is_named(number: signal.Signals, said: str) -> None:
    with burning() as (worker, errors):
        worker.send_signal(number)
    assert str(errors[0]).startswith("tpl/f0.j2")
    assert said in str(errors[0])


def test_no_process_is_left_behind() -> None:
    tuple(render_folder(folder_of(*["{{ names }}"] * 200), SCOPE, "tpl"))
    assert not workers_of(psutil.Process())


def test_processes_end_with_the_one_that_started_them() -> None:
    code = "from tests.unit.trees.test_rendering_workers import *; failure(folder_of(BURNING), Limits(seconds=60))"
    with subprocess.Popen([sys.executable, "-c", code]) as parent:
        worker = worker_of(psutil.Process(parent.pid))
        parent.kill()
    worker.wait(timeout=30)
    assert not worker.is_running()


async def test_the_event_loop_goes_on_while_processes_render() -> None:
    rendering = asyncio.create_task(asyncio.to_thread(failure, folder_of(BURNING), Limits(seconds=0.5)))
    stalls = []
    while not rendering.done():
        started = time.perf_counter()
        await asyncio.sleep(0.001)
        stalls.append(time.perf_counter() - started)
    assert isinstance(await rendering, RenderingTooLarge)
    assert sorted(stalls)[len(stalls) // 2] < 0.05
    assert len(stalls) > 20


@dataclass(frozen=True)
class Noted:
    """A file that tells when its content is read."""

    path: str
    text: bytes
    read: list[str]
    mode: FileMode = "100644"

    @property
    def size(self) -> int:
        return len(self.text)

    @property
    def content(self) -> bytes:
        self.read.append(self.path)
        return self.text


def test_files_that_are_copied_are_not_read_and_templates_only_some_ahead() -> None:
    """However late the process is that has the first: what waits for it, and what each process holds, is bounded."""
    read: list[str] = []
    ahead, text = 400 + 50 * (os.cpu_count() or 1), b"{{ names }}" + b"x" * 100_000
    templates = [Noted(f"f{number:04}.j2", text, read) for number in range(2 * ahead)]
    copied = [Noted("a.bin", b"1", read), Noted("{{ names[0] }}/b.bin", b"2", read)]
    made = render_folder([*copied, *templates], SCOPE, "tpl")
    with closing(made):
        assert [next(made).path for _ in range(3)] == ["a.bin", "a/b.bin", "f0000"]
        assert set(read) <= {"{{ names[0] }}/b.bin", *(file.path for file in templates[:ahead])}


def test_processes_end_when_a_folder_is_left_early() -> None:
    made = render_folder(folder_of(*["{{ names }}"] * 200), SCOPE, "tpl")
    next(made)
    assert workers_of(psutil.Process())
    made.close()
    assert not workers_of(psutil.Process())
