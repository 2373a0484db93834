"""The policy check of 10,000 files, cold and unchanged, against detect-secrets.

The peer is not one of our dependencies: it is measured when its command is on PATH (`uv tool install detect-secrets`).
On all files it takes minutes, so it gets every 30th of them, and the ratio is per byte.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import SecretStr

from benchmarks.measure import pair
from benchmarks.trees import command, make_files, write
from repomill.trees.policy import MemoryScanCache, TreePolicy, check_tree
from repomill.trees.policy.secret_scan import scanner
from repomill.trees.tree import TreeFile

KNOWN = [SecretStr(f"a-secret-of-the-run-{number}") for number in range(5)]
PART = 30
PEER = "detect-secrets"


def main() -> None:
    print(f"{'compile rules, first run on a machine':<44} {rules_without_cache():7.3f} s")
    print(f"{'load compiled rules':<44} {seconds(scanner):7.3f} s")
    words, code = make_files(), real_code()
    measure("10,000 files of random words", words)
    measure("Python as people write it", code)
    if shutil.which(PEER) is None:
        print(f"{PEER} is not on PATH: no peer")
        return
    for name, files in (("words", words), ("Python", code)):
        against_peer(name, files)


def measure(name: str, files: Sequence[TreeFile]) -> None:
    cache = MemoryScanCache()
    print(f"{name}: {len(files)} files, {size(files) / 1e6:.0f} MB, {len(KNOWN)} known secrets")
    print(f"{'  cold':<44} {seconds(lambda: check(files, cache)):7.3f} s")
    unchanged = min(seconds(lambda: check(files, cache)) for _ in range(3))
    print(f"{'  unchanged':<44} {unchanged:7.3f} s")


def against_peer(name: str, files: Sequence[TreeFile]) -> None:
    part = files[::PART]
    with tempfile.TemporaryDirectory() as folder:
        write(list(part), Path(folder))
        both = pair(
            lambda: check(files, MemoryScanCache()),
            lambda: command(Path(folder), PEER, "scan", "--all-files", "--no-verify", "."),
            2,
        )
    peer_all = both.peer * size(files) / size(part)
    print(f"{name}: {len(part)} of {len(files)} files with {PEER} {both.peer:.1f} s, all by size {peer_all:.0f} s")
    print(f"{'  ours, all files':<44} {both.ours:7.3f} s   ratio {both.ours / peer_all:.4f}")


def check(files: Sequence[TreeFile], cache: MemoryScanCache) -> None:
    check_tree(files, TreePolicy(), KNOWN, cache)


def real_code(limit: int = 31_000_000) -> list[TreeFile]:
    """Return installed Python source up to about this many bytes."""
    root = Path(subprocess.__file__).parent
    files: list[TreeFile] = []
    total = 0
    for path in [*sorted(Path(folder) for folder in sys.path if "site-packages" in folder), root]:
        for source in sorted(path.rglob("*.py")):
            files.append(TreeFile(source.relative_to(path).as_posix(), source.read_bytes()))
            total += len(files[-1].content)
            if total >= limit:
                return files
    return files


def rules_without_cache() -> float:
    code = "from kingfisher_sdk import Rules; from repomill.trees.policy.secret_scan import EXTRA_RULES\n"
    code += "Rules([EXTRA_RULES], confidence='low', cache=False)"
    return seconds(lambda: subprocess.run([sys.executable, "-c", code], check=True))


def size(files: Sequence[TreeFile]) -> int:
    return sum(len(file.content) for file in files)


def seconds(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started
