"""Checks of sources: those that nodes name exist, speak what the nodes need, and use queues that exist."""

from collections.abc import Iterator

from repomill.workflow._draft import Draft, DraftNode, string_pointer
from repomill.workflow._nearest import did_you_mean
from repomill.workflow.faults import Finding
from repomill.workflow.templates import is_template


def check_references(draft: Draft) -> Iterator[Finding]:
    """Yield faults of sources and their queues."""
    for name, source in draft.table("sources").items():
        yield from _queue(draft, name, source)
    for node in draft.listed:
        if node.understood is not None:
            for name in node.understood[0].sources(node.understood[1]):
                if not is_template(name):
                    yield from _source(draft, node, name)
                    yield from _tokens(draft, node, name)


def _source(draft: Draft, node: DraftNode, name: str) -> Iterator[Finding]:
    known = draft.table("sources")
    if name not in known:
        hint = did_you_mean(name, known) or "declare it under 'sources'"
        yield Finding("unknown_source", string_pointer(node, name), f"there is no source {name!r}", hint)
        return
    assert node.understood is not None  # noqa: S101  # asked by the caller
    wanted = node.understood[0].source_kinds_of(node.understood[1], name)
    spoken = _spoken(known[name])
    if spoken is not None and wanted and spoken not in wanted:
        fitting = sorted(other for other, item in known.items() if _spoken(item) in wanted)
        kinds = ", ".join(sorted(wanted))
        hint = f"of such a kind is {', '.join(fitting)}" if fitting else f"declare a source of kind {kinds}"
        message = f"{node.type!r} takes a source of kind {kinds}, and {name!r} is of kind {spoken!r}"
        yield Finding("wrong_source_kind", string_pointer(node, name), message, hint)


def _queue(draft: Draft, source_name: str, source: object) -> Iterator[Finding]:
    name = source.get("queue") if isinstance(source, dict) else None
    known = draft.table("queues")
    if isinstance(name, str) and name not in known:
        hint = did_you_mean(name, known) or "declare it under 'queues'"
        yield Finding("unknown_queue", f"/sources/{source_name}/queue", f"there is no queue {name!r}", hint)


def _tokens(draft: Draft, node: DraftNode, source_name: str) -> Iterator[Finding]:
    """Such a call would be told to wait for ever."""
    assert node.understood is not None  # noqa: S101  # asked by the caller
    source = draft.table("sources").get(source_name)
    queue = draft.table("queues").get(str(source.get("queue"))) if isinstance(source, dict) else None
    limit = queue.get("tokens_per_minute") if isinstance(queue, dict) else None
    most = getattr(node.understood[1], "max_tokens", None)
    if isinstance(limit, int) and isinstance(most, int) and most > limit:
        message = f"an answer may have {most} tokens, and the queue lets {limit} through in a minute"
        hint = "lower 'max_tokens', or raise the queue's 'tokens_per_minute' if the source allows it"
        yield Finding("queue_too_narrow", f"{node.config_pointer}/max_tokens", message, hint)


def _spoken(source: object) -> object:
    kind = source.get("kind") if isinstance(source, dict) else None
    return kind if isinstance(kind, str) else None
