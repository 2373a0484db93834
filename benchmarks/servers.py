"""Servers in processes of their own, so that they take nobody's event loop."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def server(module: str, *arguments: str) -> Iterator[str]:
    """Run a module until the block ends; gives the first line that it prints, which says where it listens."""
    with subprocess.Popen([sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
