"""Trees whose pack is in the artefact store already, put there by a machine with another zlib."""

import asyncio
import zlib

import pytest

from repomill.trees import _zip
from repomill.trees.pack import pack_bytes, unpack_member
from repomill.trees.tree import TreeFile
from storage.artifacts.keys import pack_key
from tasks.run_state import NodeRecord, Run
from tasks.services import Services
from tasks.tree_steps import assemble_tree
from tests.fakes.bare_runs import bare_run

pytestmark = pytest.mark.everywhere

FILES = (TreeFile("a.txt", b"".join(b"%d, " % number for number in range(5000))), TreeFile("b.txt", b"bb " * 50))
PAGE = {"id": "page", "type": "file_generation", "config": {"files": [{"path": "a.txt", "content": "a"}]}}


def run_with_fragment(services: Services, fragment_key: str) -> Run:
    """Return a run whose one node has written its files."""
    run = bare_run(services, [PAGE])
    run.records["page"] = NodeRecord("page", "key", "output", "digest", fragment_key, len(FILES))
    return run


def test_offsets_are_those_of_the_pack_that_is_stored(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    fragment, ours = pack_bytes(FILES)
    monkeypatch.setattr(_zip, "deflate", lambda content: zlib.compress(content, 1, wbits=-15))
    stored, theirs = pack_bytes(FILES)
    assert theirs.manifest.digest == ours.manifest.digest
    assert theirs.members != ours.members

    async def assemble() -> list[bytes]:
        await services.store.put("fragment", fragment)
        await services.store.put(pack_key(services.scope.organisation_id, theirs.manifest.digest), stored)
        files = (await assemble_tree(run_with_fragment(services, "fragment"))).files
        return [stored[file.offset : file.offset + file.stored_size] for file in files]

    raw = asyncio.run(assemble())
    assert [len(part) for part in raw] == [member.stored_size for member in theirs.members]
    assert [unpack_member(member, part) for member, part in zip(theirs.members, raw, strict=True)] == [
        file.content for file in FILES
    ]
