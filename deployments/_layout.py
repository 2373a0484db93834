"""Where a stack keeps its own files, under its home."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths of one stack; `home` is absolute."""

    home: Path

    @property
    def state(self) -> Path:
        """What runs, as JSON; there only while something runs."""
        return self.home / "stack.json"

    @property
    def ports(self) -> Path:
        """The ports of the last start."""
        return self.home / "ports.json"

    @property
    def start_lock(self) -> Path:
        """Held by the one command that starts the stack."""
        return self.home / "start.lock"

    @property
    def life_lock(self) -> Path:
        """Held by the supervisor as long as it lives; the kernel drops it, so it is never stale."""
        return self.home / "supervisor.lock"

    @property
    def logs(self) -> Path:
        """One log for each part."""
        return self.home / "logs"

    @property
    def supervisor_log(self) -> Path:
        """What the supervisor says."""
        return self.logs / "supervisor.log"

    def make(self) -> None:
        """Make the folders; only their owner may look into them."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(mode=0o700, exist_ok=True)
        (self.home / "prefect").mkdir(mode=0o700, exist_ok=True)

    def renew_logs(self) -> None:
        """Put the logs of the last start aside, so that a log speaks of one start and two at most are kept."""
        for log in self.logs.glob("*.log"):
            if log != self.supervisor_log:
                log.replace(log.with_suffix(".log.1"))
