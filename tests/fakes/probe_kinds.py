"""A node kind for tests of the engine: it counts its runs, fails as often as told, and waits while it is held."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from repomill.errors import ArtifactStoreUnavailable
from repomill.nodes import registry
from repomill.nodes.base import Idempotency, NodeConfig, NodeContext, NodeKind, NodeResult
from repomill.plugins import Registered


@dataclass
class Probe:
    """What probes did, by path; `hold` keeps those at that path waiting."""

    runs: Counter[str] = field(default_factory=Counter)
    running: int = 0
    most: int = 0
    meets: int = 0
    """How many have to run at once before the first one ends."""
    met: asyncio.Event = field(default_factory=asyncio.Event)
    held: set[str] = field(default_factory=set)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a held node has begun to wait."""


class ProbeConfig(NodeConfig):
    """`fail` says how often it fails first, `busy` whether another try may help, `value` what it gives.

    `takes` is how many seconds.
    """

    fail: Any = 0
    busy: bool = True
    value: Any = None
    takes: Any = 0


def probe_kind(probe: Probe, idempotency_class: Idempotency = Idempotency.RECORDED) -> NodeKind[ProbeConfig]:
    """Return a kind that reports to this probe."""

    class ProbeKind(NodeKind[ProbeConfig]):
        """Does as a test says."""

        name: ClassVar[str] = "probe"
        version: ClassVar[int] = 1
        idempotency: ClassVar[Idempotency] = idempotency_class
        config_model = ProbeConfig

        async def run(self, config: ProbeConfig, context: NodeContext) -> NodeResult:
            probe.runs[context.path] += 1
            probe.running += 1
            probe.most = max(probe.most, probe.running)
            try:
                if probe.running >= probe.meets:
                    probe.met.set()
                await probe.met.wait()
                await asyncio.sleep(float(config.takes))
                if context.path in probe.held:
                    probe.came.set()
                    await asyncio.Event().wait()
            finally:
                probe.running -= 1
            if probe.runs[context.path] <= int(config.fail):
                raise ArtifactStoreUnavailable("store", "busy") if config.busy else RuntimeError("broken")
            return NodeResult({"value": config.value})

    return ProbeKind()


@contextmanager
def registered_probe(monkeypatch: pytest.MonkeyPatch, probe: Probe, **options: Any) -> Iterator[Probe]:
    """Add the kind `probe` to the registry."""
    found = registry.registered()
    more = Registered({**found.found, "probe": probe_kind(probe, **options)}, found.broken)
    monkeypatch.setattr(registry, "registered", lambda: more)
    yield probe
