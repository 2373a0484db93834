"""Node keys: equal keys mean that a stored result can stand for a new one."""

from collections.abc import Mapping
from typing import Any, Final

from repomill.canonical import Json, digest
from repomill.nodes.base import NodeKind

NODE_KEY_FORMAT: Final = 1
"""Raised when the meaning of a key changes, so that no result of an older format is taken for a new one."""


def node_key(  # noqa: PLR0913  # the parts of a key, all of them needed
    kind: NodeKind[Any],
    config: Json,
    *,
    input_digests: Mapping[str, str] | None = None,
    template_digests: Mapping[str, str] | None = None,
    model_parameters: Json = None,
    node_path: str = "",
) -> str:
    """Return `sha256:<hex>` over all that decides a node's result; never over times or ids of runs.

    Two nodes of a pure kind that are configured alike do the same work. Of any other kind each asks for itself and
    gets an answer of its own, and one with nodes inside gives what these give, which see more than its configuration:
    so the node's path is part of its key. What a node says about how it is run (title, timeout, retry, concurrency)
    changes no result and is no part of it.

    Args:
        kind: the declaration, which states name and version; a plug-in's package and its version count as well.
        config: the rendered configuration.
        input_digests: digests of what the node reads besides its configuration, by name.
        template_digests: digests of its template folders, by folder.
        model_parameters: what the source adds to a model request (endpoint's model, sampling).
        node_path: where the node stands in its workflow.

    Raises:
        ValueError: the configuration holds what JSON cannot.
    """
    is_same_anywhere = kind.only_computes and not kind.body_key
    return digest(
        {
            "node_key": NODE_KEY_FORMAT,
            "kind": kind.name,
            "version": kind.version,
            **({"package": kind.package} if kind.package else {}),
            "config": config,
            "inputs": dict(input_digests or {}),
            "templates": dict(template_digests or {}),
            "model": model_parameters,
            **({} if is_same_anywhere else {"node": node_path}),
        }
    )
