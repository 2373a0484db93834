"""Objects of the artefact store as input files: the organisation's own, within bounds."""

from pathlib import Path

import pytest

from repomill.errors import ArtifactMissing, InputFileRefused, InputFilesTooLarge
from repomill.input_files.port import FoundFile, Wanted
from repomill.input_files.roots import Roots
from storage.artifacts.memory import MemoryStore
from storage.database.scope import DEFAULT_ORGANISATION_ID, DEFAULT_SCOPE
from tasks.input_files import RunInputFiles

OURS = f"org/{DEFAULT_ORGANISATION_ID}/archives/plan.json"
THEIRS = "org/00000000-0000-0000-0000-00000000ffff/archives/plan.json"


@pytest.fixture
async def files(tmp_path: Path) -> RunInputFiles:
    store = MemoryStore()
    for key in (OURS, THEIRS):
        await store.put(key, b"{}")
    return RunInputFiles(Roots((tmp_path,)), store, DEFAULT_SCOPE)


def wanted(key: str, max_bytes: int = 10) -> Wanted:
    return Wanted("artifact", key, max_bytes, 1)


async def test_an_object_of_the_organisation_is_taken(files: RunInputFiles) -> None:
    assert await files.gather("start", wanted(OURS)) == (FoundFile("plan.json", b"{}"),)


@pytest.mark.parametrize(
    "key",
    [THEIRS, f"org/{DEFAULT_ORGANISATION_ID}/../x", f"/{OURS}", "org", "", f"org/{DEFAULT_ORGANISATION_ID}", "a\0"],
)
async def test_other_keys_are_refused(files: RunInputFiles, key: str) -> None:
    with pytest.raises(InputFileRefused):
        await files.gather("start", wanted(key))


async def test_an_object_that_is_too_large_or_not_there(files: RunInputFiles) -> None:
    with pytest.raises(InputFilesTooLarge):
        await files.gather("start", wanted(OURS, max_bytes=1))
    with pytest.raises(ArtifactMissing):
        await files.gather("start", wanted(OURS.replace("plan", "none")))


async def test_files_come_from_the_folders(files: RunInputFiles, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    assert await files.gather("start", Wanted("glob", "*", 9, 9)) == (FoundFile("a", b"x"),)
