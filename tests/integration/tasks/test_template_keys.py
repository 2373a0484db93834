"""What of a template folder makes a node run again."""

import pytest

from repomill.canonical import Json
from repomill.trees.pack import pack_bytes
from repomill.trees.tree import TreeFile
from repomill.workflow.node_views import completed
from tasks.node_inputs import prepare
from tasks.services import Services
from tests.fakes.bare_runs import bare_run

NODES = [{"id": "plan", "type": "input"}, {"id": "page", "type": "file_generation", "config": {"template": "pages"}}]
EDGES = [{"from": "plan", "to": "page"}]
READS = b"{{ nodes.plan.output.title }}"


async def key(services: Services, output: Json, *files: TreeFile) -> str:
    """Return the key of the node that renders these files, after `plan` gave this output."""
    content, _ = pack_bytes(files)
    await services.store.put("pages", content)
    run = bare_run(services, NODES, EDGES, {"pages": "pages"})
    run.top.views["plan"] = completed(output)
    return (await prepare(run, run.top, "page")).key


@pytest.mark.parametrize("path", ["_parts/title.md", "_parts/title.md.j2"])
async def test_what_an_included_file_reads_is_part_of_the_key(path: str, services: Services) -> None:
    files = (TreeFile("page.md.j2", b"{% include '" + path.encode() + b"' %}"), TreeFile(path, READS))
    assert await key(services, {"title": "a"}, *files) != await key(services, {"title": "b"}, *files)


@pytest.mark.parametrize("content", [b"plain", b"{{ inputs.x }}", b"{% not jinja %}", b"\xff{{", b"${{ a | b }}"])
async def test_what_no_template_reads_is_not(content: bytes, services: Services) -> None:
    files = (TreeFile("page.md.j2", b"{{ 1 }}"), TreeFile("copied.bin", content))
    assert await key(services, {"title": "a"}, *files) == await key(services, {"title": "b"}, *files)
