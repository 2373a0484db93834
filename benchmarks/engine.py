"""The engine against bare Prefect tasks, a waiting server and LangGraph; pip fetches the last one.

Prefect's tasks are measured in the same flow run as ours, in turn. LangGraph comes into an environment of its own,
which is thrown away: it is no dependency.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.servers import server

REPOMILL = Path(sys.executable).with_name("repomill")
LANGGRAPH = ("langgraph", "langgraph-checkpoint-sqlite")
PEER = Path(__file__).with_name("peers") / "langgraph_nodes.py"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="rm-bench-") as name, stack(Path(name)) as environment:
        ours = measured("overhead", environment)
        for way in ("at once", "in sequence"):
            bare, nodes = ours[f"bare {way}"], ours[f"nodes {way}"]
            told(f"a node that does nothing, {way}", nodes, f"a bare Prefect task, {way}", bare)
        peer = langgraph(Path(name))
        for way in ("without saver", "with saver"):
            told("a node that does nothing, at once", ours["nodes at once"], f"a LangGraph node {way}", peer[way])
        for what, seconds in measured("waits", environment).items():
            print(f"nodes that wait a second, {what}: {seconds:.1f} s")
        large = measured("iterations", environment)
        print(f"10,000 iterations of 100 kB: {large['seconds']:.0f} s, {large['megabytes at most']:.0f} MB at most")


def told(what: str, ours: list[float], peer_name: str, peer: list[float]) -> None:
    first, second = statistics.median(ours) * 1000, statistics.median(peer) * 1000
    ratio = statistics.median(one / other for one, other in zip(ours, peer, strict=True))
    print(
        f"{what:<42} {first:6.1f} ms   {peer_name:<34} {second:6.1f} ms   ratio {ratio:.1f}, +{first - second:.1f} ms"
    )


def measured(name: str, environment: dict[str, str]) -> dict[str, Any]:
    """Run one measurement in a process of its own."""
    with server("benchmarks.waiting_server") as port:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.engine_runs", name],
            env=environment | {"WAITING_PORT": port},
            stdout=subprocess.PIPE,
            check=True,
        )
    facts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return facts


@contextmanager
def stack(folder: Path) -> Iterator[dict[str, str]]:
    """Start an embedded stack in a home of its own; gives the environment that leads to it."""
    unset = ("PREFECT_", "REPOMILL_", "OPENAI_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(unset)}
    environment |= {"REPOMILL_HOME": str(folder / "home"), "HOME": str(folder)}
    up = [str(REPOMILL), "up", "--format", "json"]
    started = subprocess.run(up, env=environment, stdout=subprocess.PIPE, check=True)
    try:
        api = json.loads(started.stdout)["prefect_api"]
        yield environment | {"PREFECT_API_URL": api, "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL"}
    finally:
        subprocess.run([REPOMILL, "down"], env=environment, check=True, capture_output=True)


def langgraph(folder: Path) -> dict[str, list[float]]:
    """Measure the peer in an environment made for it."""
    home = folder / "langgraph"
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    subprocess.run([str(home / "bin" / "pip"), "install", "--quiet", *LANGGRAPH], check=True)
    done = subprocess.run([home / "bin" / "python", PEER], stdout=subprocess.PIPE, check=True)
    times: dict[str, list[float]] = json.loads(done.stdout)
    return times
