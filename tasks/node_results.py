"""Node results in the artefact store: small records point to them."""

import asyncio
import json

from repomill.canonical import Json, digest_bytes
from repomill.errors import FileTooLarge
from repomill.nodes.base import NodeResult
from repomill.trees.pack import pack_bytes
from storage.artifacts.keys import fragment_key, result_key
from tasks.run_state import NodeRecord, Run


async def store_result(run: Run, node: str, node_key: str, result: NodeResult) -> NodeRecord:
    """Keep what a node returned: its files as one fragment, then its output.

    Raises:
        UnsafeTree: a path must not be stored.
        FileTooLarge: a file is over the bound.
    """
    organisation, root = run.services.scope.organisation_id, run.facts.root_id
    fragment = await _store_fragment(run, fragment_key(organisation, root, node_key), result) if result.files else None
    output = json.dumps(result.output, ensure_ascii=False, sort_keys=True).encode()
    output_key = result_key(organisation, root, node_key)
    await run.services.store.put(output_key, output)
    return NodeRecord(node, node_key, output_key, digest_bytes(output), fragment, len(result.files))


async def load_output(run: Run, record: NodeRecord) -> Json:
    """Return a node's output; raises `ArtifactMissing` when somebody removed it."""
    output: Json = json.loads(await run.services.store.get(record.output_key))
    return output


async def _store_fragment(run: Run, key: str, result: NodeResult) -> str:
    for file in result.files:
        if len(file.content) > run.services.max_file_size:
            raise FileTooLarge(file.path, len(file.content), run.services.max_file_size)
    content, _ = await asyncio.to_thread(pack_bytes, result.files)
    await run.services.store.put(key, content)
    return key
