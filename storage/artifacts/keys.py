"""Keys of the artefact store: which are allowed, and how each kind of object is named.

Everything of an organisation lives under `org/{organisation_id}/`. Objects that are named by a digest carry its hex
digits without `sha256:`, so that a key is a plain path everywhere.
"""

import re
from typing import Literal
from uuid import UUID

from repomill.canonical import DIGEST_PREFIX
from repomill.errors import ArtifactKeyInvalid

Id = UUID | str

# Parts never start with a dot: `..` cannot occur, and names with one stay free for files that are being written.
PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
# A file name may have 255 bytes and an S3 key 1,024; both leave room for what an adapter puts around.
LONGEST_PART = 200
LONGEST_KEY = 900


def check_key(key: str) -> str:
    """Return the key; raises `ArtifactKeyInvalid` unless it is relative, normalised and made of safe characters."""
    if len(key) > LONGEST_KEY:
        raise ArtifactKeyInvalid(key, f"it has more than {LONGEST_KEY} characters")
    for part in key.split("/"):
        _check_part(key, part)
    return key


def check_prefix(prefix: str) -> str:
    """Return what keys may start with: nothing, a key, or a key and a slash."""
    if prefix:
        check_key(prefix.removesuffix("/"))
    return prefix


def _check_part(key: str, part: str) -> None:
    if not PART.fullmatch(part):
        raise ArtifactKeyInvalid(key, f"the part {part!r} is empty, starts with a dot or dash, or has other characters")
    if len(part) > LONGEST_PART:
        raise ArtifactKeyInvalid(key, f"a part has more than {LONGEST_PART} characters")


def _key(organisation_id: Id, kind: str, *names: Id) -> str:
    return check_key("/".join(["org", str(organisation_id), kind, *map(str, names)]))


def _hex(digest: str) -> str:
    return digest.removeprefix(DIGEST_PREFIX)


def pack_key(organisation_id: Id, tree_digest: str) -> str:
    """Name the pack of a tree."""
    return _key(organisation_id, "packs", f"{_hex(tree_digest)}.zip")


def spare_pack_key(organisation_id: Id, tree_digest: str, name: Id) -> str:
    """Name the pack of a tree whose own key is about to be removed by retention."""
    return _key(organisation_id, "packs", f"{_hex(tree_digest)}-{name}.zip")


def cold_key(organisation_id: Id, tree_digest: str, generated_project: Id) -> str:
    """Name a tree in the archive of old projects; each project has one of its own, so none is ever written again."""
    return _key(organisation_id, "cold", f"{_hex(tree_digest)}-{generated_project}.tar.zst")


def result_prefixes(organisation_id: Id, root_execution: Id) -> tuple[str, ...]:
    """Return where results, files and task records of a root execution's nodes lie."""
    kinds = ("fragments", "results", "tasks")
    return tuple(f"{_key(organisation_id, kind, root_execution)}/" for kind in kinds)


def call_prefix(organisation_id: Id, root_execution: Id) -> str:
    """Return where the recorded calls of a root execution lie."""
    return f"{_key(organisation_id, 'calls', root_execution)}/"


def organisation_prefix(organisation_id: Id) -> str:
    """Return where everything of an organisation lies."""
    return f"{check_key(f'org/{organisation_id}')}/"


def fragment_key(organisation_id: Id, root_execution: Id, node_key: str) -> str:
    """Name the files that one node of a root execution wrote."""
    return _key(organisation_id, "fragments", root_execution, _hex(node_key))


def result_key(organisation_id: Id, scope: Id, node_key: str) -> str:
    """Name a node's result; `scope` is the root execution, or what the results are shared by."""
    return _key(organisation_id, "results", scope, f"{_hex(node_key)}.json")


def task_cache_key(organisation_id: Id, root_execution: Id, node_key: str) -> str:
    """Name Prefect's own record of a node's task: a small reference to its result."""
    return _key(organisation_id, "tasks", root_execution, f"{_hex(node_key)}.json")


def template_key(organisation_id: Id, digest: str) -> str:
    """Name a template folder that was stored with a workflow version."""
    return _key(organisation_id, "templates", _hex(digest))


def api_definitions_key(organisation_id: Id, digest: str) -> str:
    """Name the shared schemas of an API's document."""
    return _key(organisation_id, "apis", f"{_hex(digest)}.json")


def scan_key(organisation_id: Id, project_id: Id) -> str:
    """Name what scans of a project's files found, by content."""
    return _key(organisation_id, "scans", f"{project_id}.json")


def archive_key(organisation_id: Id, tree_digest: str, suffix: str) -> str:
    """Name an archive of a tree; `suffix` is its format, as in `tar.gz`."""
    return _key(organisation_id, "archives", f"{_hex(tree_digest)}.{suffix.removeprefix('.')}")


def spare_archive_key(organisation_id: Id, tree_digest: str, suffix: str, name: Id) -> str:
    """Name an archive whose own key is about to be removed by retention."""
    return _key(organisation_id, "archives", f"{_hex(tree_digest)}-{name}.{suffix.removeprefix('.')}")


def report_key(organisation_id: Id, name: str) -> str:
    """Name a file of a report."""
    return _key(organisation_id, "reports", name)


def bundle_key(organisation_id: Id, digest: str) -> str:
    """Name a bundle that executions replay."""
    return _key(organisation_id, "bundles", f"{_hex(digest)}.zip")


def source_facts_key(organisation_id: Id, root_execution: Id) -> str:
    """Name what was public about the sources of a root execution; it lies, and goes, with the calls."""
    return _key(organisation_id, "calls", root_execution, "sources.json")


def memory_prefix(organisation_id: Id, memory_id: Id) -> str:
    """Return where the turns of a conversation lie."""
    return f"{_key(organisation_id, 'memories', memory_id)}/"


def memory_key(organisation_id: Id, memory_id: Id, digest: str) -> str:
    """Name a turn of a conversation."""
    return _key(organisation_id, "memories", memory_id, f"{_hex(digest)}.json")


def call_key(
    organisation_id: Id,
    root_execution: Id,
    request_digest: str,
    ordinal: int,
    side: Literal["request", "response"],
) -> str:
    """Name one side of a recorded call."""
    return _key(organisation_id, "calls", root_execution, f"{_hex(request_digest)}-{ordinal}.{side}.json")
