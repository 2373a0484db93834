"""Exports the sample project as a process of its own, which ends by SIGKILL right after or before a step is noted.

Arguments: URL, journal file, and when to die: `after commit`, `before push`, `never`. Prints the commit id.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from repomill.publishing.git_push import push_tree
from repomill.publishing.journal import Facts, Step
from repomill.publishing.targets import GitTarget
from tests.integration.publishing.projects import FILES, details


class FileJournal:
    """A journal in a JSON file; `death` is a step with `before` or `after` in front."""

    def __init__(self, path: Path, death: str = "never") -> None:
        self.path, self.death = path, death

    def _steps(self) -> dict[str, dict[str, str]]:
        steps: dict[str, dict[str, str]] = json.loads(self.path.read_text()) if self.path.exists() else {}
        return steps

    async def done(self, step: Step) -> Facts | None:
        return self._steps().get(step)

    async def note(self, step: Step, facts: Facts) -> None:
        self._die_if(f"before {step}")
        self.path.write_text(json.dumps(self._steps() | {step: dict(facts)}))
        self._die_if(f"after {step}")

    def _die_if(self, moment: str) -> None:
        if self.death == moment:
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    url, journal, death = sys.argv[1:]
    pushed = asyncio.run(push_tree(FILES, details(), GitTarget(url), journal=FileJournal(Path(journal), death)))
    sys.stdout.write(pushed.commit)


if __name__ == "__main__":
    main()
