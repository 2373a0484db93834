"""S3 servers for tests, without Docker.

`moto_server` is quick and keeps everything in memory, but takes any key: it shows that requests are well formed.
`swift_server` is OpenStack Swift with its s3api middleware, in its own environment (`make .venv-swift/.ready`): it
stores on disk and verifies every signature.

Run one by hand: `python -m tests.servers.s3 FOLDER`.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.processes import LOOPBACK, free_ports, running, wait_until_serving
from tests.servers.swift_config import ACCESS_KEY, SECRET_KEY, SWIFT_BIN, write_configuration

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class S3Server:
    """Where a server listens (`host:port`, no TLS) and the keys it knows."""

    endpoint: str
    access_key: str
    secret_key: str

    def url(self, bucket: str) -> str:
        """Return the value of REPOMILL_ARTIFACTS_URL for a bucket here."""
        return f"minio://{self.endpoint}/{bucket}?secure=false"


@contextmanager
def moto_server(folder: Path) -> Iterator[S3Server]:
    """Run moto; `folder` takes its log."""
    folder.mkdir(parents=True, exist_ok=True)
    (port,), log = free_ports(1), folder / "moto.log"
    command = [sys.executable, "-m", "moto.server", "-H", LOOPBACK, "-p", str(port)]
    with running(command, log) as process:
        wait_until_serving(process, port, "/moto-api/", log)
        yield S3Server(f"{LOOPBACK}:{port}", "any-access-key", "any-secret-key")


@contextmanager
def swift_server(folder: Path) -> Iterator[S3Server]:
    """Run Swift over `folder`; started again over the same folder it still has what was stored."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}  # for `tests.servers.swift_memory`
    ports = dict(zip(("account", "container", "object", "proxy"), free_ports(4), strict=True))
    write_configuration(folder, ports)
    with ExitStack() as stack:
        logs = {name: folder / f"{name}.log" for name in ports}
        processes = {
            name: stack.enter_context(
                running(
                    [str(SWIFT_BIN / f"swift-{name}-server"), str(folder / f"{name}.conf"), "verbose"],
                    logs[name],
                    environment,
                )
            )
            for name in ports
        }
        for name, process in processes.items():
            wait_until_serving(process, ports[name], "/healthcheck", logs[name])
        yield S3Server(f"{LOOPBACK}:{ports['proxy']}", ACCESS_KEY, SECRET_KEY)


if __name__ == "__main__":
    with swift_server(Path(sys.argv[1]).resolve()) as server:
        sys.stdout.write(f"{server.url('bucket')} {server.access_key} {server.secret_key}\n")
        sys.stdout.flush()
        threading.Event().wait()
