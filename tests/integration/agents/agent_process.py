"""Runs one agent in its own process: python -m tests.integration.agents.agent_process URL LEDGER_FILE PROMPT."""

import asyncio
import sys
from pathlib import Path

from tests.fakes.agent_runs import ROOT, ask, runner_for
from tests.fakes.file_ledger import FileCallLedger


async def main(base_url: str, ledger_file: str, prompt: str) -> None:
    async with runner_for(base_url, FileCallLedger(ROOT, Path(ledger_file))) as agents:
        answer = await agents.run(ask(prompt))
    print(answer.output)  # noqa: T201  # read by the test


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
