"""What publishing nodes give to Git hosts: no file that is published may hold it."""

from collections.abc import Iterator, Sequence

from pydantic import SecretStr

from repomill.errors import CredentialsMissing
from repomill.nodes.registry import kind
from repomill.workflow.spec import NodeSpec, WorkflowSpec
from tasks.credentials import load_access
from tasks.host_access import secrets_of


async def publishing_secrets(spec: WorkflowSpec) -> tuple[SecretStr, ...]:
    """Return the passwords of the credentials blocks that publishing nodes name.

    A name that is an expression is not known before the node runs, and a block that is missing is told by the node;
    the credentials in use are looked for once more when a tree is pushed.
    """
    found: list[SecretStr] = []
    for target, name in dict.fromkeys(_names(spec.nodes)):
        try:
            found += secrets_of(await load_access(target, name))
        except CredentialsMissing:
            continue
    return tuple(found)


def _names(nodes: Sequence[NodeSpec]) -> Iterator[tuple[str, str]]:
    for node in nodes:
        name = node.config.get("credentials")
        if isinstance(name, str) and name and "{{" not in name and kind(node.type).publishes:
            yield str(node.config.get("to", "")).partition(":")[0], name
