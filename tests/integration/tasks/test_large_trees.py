"""Trees far larger than what is held of them at a time."""

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from repomill.errors import ExpressionFailed, FileTooLarge
from repomill.nodes.base import NodeResult
from repomill.trees.pack import read_pack
from repomill.trees.tree import File, TreeFile
from tasks.node_results import load_output, store_result
from tasks.services import Services
from tasks.stored_scaffolds import store_folder
from tasks.template_reads import known_reads
from tests.fakes.bare_runs import bare_run

MEGABYTE = 1024 * 1024
BOUND = 48 * MEGABYTE
"""Far below the 60 MB of a tree; a bucket is sent parts of 16 MB, of which two are held at a time."""
NODE = {"id": "page", "type": "file_generation", "config": {"template": "pages"}}


@contextmanager
def at_most(size: int) -> Iterator[None]:
    """Hold the block to this much memory of Python's own."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < size
    finally:
        tracemalloc.stop()


def noise(count: int) -> Iterator[File]:
    return (TreeFile(f"{number}.bin", Random(number).randbytes(MEGABYTE)) for number in range(count))


def large(services: Services) -> Services:
    return replace(services, max_file_size=2 * MEGABYTE)


async def test_what_a_node_writes_goes_to_the_disk_as_it_comes(services: Services) -> None:
    run = bare_run(large(services), [NODE])
    with at_most(BOUND):
        record = await store_result(run, "page", "sha256:1", NodeResult(None, noise(60)))
    assert record.file_count == 60
    with await services.store.open(record.fragment_key or "") as fragment:
        assert sum(file.size for file in read_pack(fragment)) == 60 * MEGABYTE


async def test_a_template_folder_is_stored_file_by_file(services: Services, tmp_path: Path) -> None:
    for file in noise(60):
        (tmp_path / file.path).write_bytes(file.content)
    with at_most(BOUND):
        await store_folder(services, tmp_path, "pages")


async def test_paths_are_listed_in_the_order_in_which_files_came(services: Services) -> None:
    run = bare_run(services, [NODE])
    files = (TreeFile(name, b"1") for name in ("b", "a", "c"))
    record = await store_result(run, "page", "sha256:1", NodeResult({"skipped": []}, files, lists_files=True))
    assert await load_output(run, record) == {"skipped": [], "files": ["b", "a", "c"]}


async def test_a_file_over_the_bound_ends_what_makes_them(services: Services) -> None:
    ended = []

    def files() -> Iterator[File]:
        try:
            yield TreeFile("small", b"1")
            yield TreeFile("large", bytes(services.max_file_size + 1))
            yield TreeFile("never", b"1")
        finally:
            ended.append(True)

    with pytest.raises(FileTooLarge, match="large"):
        await store_result(bare_run(services, [NODE]), "page", "sha256:1", NodeResult(None, files()))
    assert ended == [True]
    assert [key async for key in services.store.list()] == []


async def test_what_making_a_file_raises_is_the_error(services: Services) -> None:
    def files() -> Iterator[File]:
        yield TreeFile("a", b"1")
        raise ExpressionFailed("pages/b.j2", 3, "it is broken")

    with pytest.raises(ExpressionFailed, match=r"pages/b\.j2"):
        await store_result(bare_run(services, [NODE]), "page", "sha256:1", NodeResult(None, files()))


async def test_what_a_folder_reads_is_recorded_with_it(services: Services, tmp_path: Path) -> None:
    (tmp_path / "a.j2").write_bytes(b"{{ inputs.name }}{{ nodes.plan.output }}")
    recorded = await store_folder(services, tmp_path, "pages")
    assert known_reads({"pages": recorded}) == {"pages": {("inputs", "name"), ("nodes", "plan")}}
    recorded["reads"]["version"] = "another"
    assert known_reads({"pages": recorded}) == {}


async def test_a_folder_that_cannot_be_parsed_is_stored_all_the_same(services: Services, tmp_path: Path) -> None:
    (tmp_path / "a.j2").write_bytes(b"{% if %}")
    assert known_reads({"pages": await store_folder(services, tmp_path, "pages")}) == {}
