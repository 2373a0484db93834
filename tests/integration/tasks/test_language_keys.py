"""What makes a node run again: what it reads and says about its result, and nothing else."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from repomill.trees.pack import read_pack
from tasks.intake import store_workflow
from tasks.services import Services
from tests.fakes.stored_projects import write_spec
from tests.fakes.walks import document, walk

BY_FIELD = document(
    """
    - {id: first, type: input, config: {values: {items: [{size: 1}, {size: "{{ inputs.n }}"}]}}}
    - id: route
      type: router
      config:
        branches: [{name: big, when: {field: "nodes.first.output.items[1].size", greater: 2}}]
        default: small
    - {id: a, type: input}
    - {id: b, type: input}
    """,
    """
    - {from: first, to: route}
    - {from: route, to: a, branch: big}
    - {from: route, to: b, branch: small}
    """,
)

PAGE = {"id": "page", "type": "file_generation", "config": {"files": [{"path": "a", "content": "x"}]}}

IN_A_LOOP = """
apiVersion: repomill/v1
name: looped
nodes:
  - id: modules
    type: loop
    config:
      for_each: [1, 2]
      max_iterations: 2
      body: {nodes: [{id: write, type: file_generation, config: {template: pages, into: "m{{ index }}"}}]}
"""


async def test_a_router_chooses_anew_when_a_field_it_looks_at_has_changed(services: Services) -> None:
    first = await walk(services, BY_FIELD, n=1)
    again = await walk(services, BY_FIELD, root=first.root, n=3)
    assert (await first.statuses())["b"] == (await again.statuses())["a"] == "completed"
    assert (await again.statuses())["b"] == "skipped"


@pytest.mark.parametrize("option", [{"title": "Page"}, {"timeout": 60}, {"retry": {"attempts": 5}}, {"concurrency": 2}])
async def test_options_that_change_no_result_run_nothing_again(option: dict[str, Any], services: Services) -> None:
    first = await walk(services, document([PAGE]))
    again = await walk(services, document([PAGE | option]), root=first.root)
    assert again.ran == []


async def test_templates_of_nodes_inside_loops_are_stored(services: Services, tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "a.md.j2").write_text("# {{ inputs }}")
    version = await store_workflow(services, write_spec(tmp_path, IN_A_LOOP))
    stored = list(read_pack(BytesIO(await services.store.get(version.templates["pages"]["key"]))))
    assert [file.path for file in stored] == ["a.md.j2"]
