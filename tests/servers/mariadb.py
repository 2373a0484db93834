"""A real MySQL-protocol server for the tests: Debian's MariaDB, from PATH or unpacked by `make` without root."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.processes import LOOPBACK, free_ports, running
from tests.servers.waiting import wait_until

UNPACKED = Path(__file__).parents[2] / ".mariadb" / "root"
USER, PASSWORD = "tea", "mariadb-secret-4711"


@dataclass(frozen=True)
class Program:
    """The server and what it finds beside itself."""

    path: Path
    share: Path
    libraries: str = ""

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "LD_LIBRARY_PATH": self.libraries} if self.libraries else dict(os.environ)


def find_mariadb() -> Program | None:
    """Return the server, None where there is none."""
    if (UNPACKED / "usr/sbin/mariadbd").is_file():
        places = [*UNPACKED.glob("usr/lib/*-linux-gnu"), *UNPACKED.glob("lib/*-linux-gnu")]
        return Program(UNPACKED / "usr/sbin/mariadbd", UNPACKED / "usr/share/mysql", ":".join(map(str, places)))
    installed = shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    share = Path("/usr/share/mysql")
    return Program(Path(installed), share) if installed and (share / "mysql_system_tables.sql").is_file() else None


@contextmanager
def mariadb_server(program: Program, folder: Path) -> Iterator[str]:
    """Run a server whose data is in `folder`; yields the SQLAlchemy URL of the database `shop`."""
    (folder / "data" / "mysql").mkdir(parents=True)
    common = [str(program.path), "--no-defaults", f"--datadir={folder}/data", f"--lc-messages-dir={program.share}"]
    # Nothing of a test database outlives the test, so durability buys nothing.
    common += ["--innodb-log-file-size=5M", "--innodb-flush-log-at-trx-commit=0", "--skip-log-bin"]
    common += ["--user=root"] if os.getuid() == 0 else []
    _bootstrap([*common, "--bootstrap"], program)
    [port] = free_ports(1)
    listening = [
        f"--port={port}",
        f"--bind-address={LOOPBACK}",
        f"--socket={folder}/socket",
        f"--pid-file={folder}/pid",
    ]
    log = folder / "log"
    with running([*common, *listening], log, program.environment):
        wait_until(lambda: b"ready for connections" in log.read_bytes())
        yield f"mysql://{USER}:{PASSWORD}@{LOOPBACK}:{port}/shop"


def _bootstrap(command: list[str], program: Program) -> None:
    """Make the system tables; a statement ends with its line."""
    tables = (program.share / "mysql_system_tables.sql").read_text(encoding="utf-8")
    account = f"'{USER}'@'{LOOPBACK}'"
    ours = [
        "CREATE DATABASE shop CHARACTER SET utf8mb4;",
        "FLUSH PRIVILEGES;",
        f"CREATE USER {account} IDENTIFIED BY '{PASSWORD}';",
    ]
    script = "\n".join(["USE mysql;", tables, *ours, f"GRANT ALL ON *.* TO {account};", ""])
    subprocess.run(command, input=script.encode(), env=program.environment, capture_output=True, check=True)
