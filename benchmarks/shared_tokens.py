"""4 processes share a queue of 60,000 tokens a minute, before a provider that allows as many: what it lets through."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.databases import on_each_database
from tests.fakes.queueing_processes import ask_at_once
from tests.servers.token_limit import TokenLimit

PROCESSES, CALLS, PER_MINUTE = 4, 30, 60_000


def main() -> None:
    on_each_database("tokens", ask)


def ask(url: str, folder: Path) -> Iterator[str]:
    limit = TokenLimit(PER_MINUTE)
    answered, tokens = ask_at_once(limit, url, PROCESSES, CALLS)
    assert (answered, tokens) == (PROCESSES * CALLS, limit.used)
    told = f"{answered} answers with {tokens} tokens in {limit.last - limit.began:.1f} s"
    yield f"{told}, {limit.share:.0%} of the limit; {limit.refused} refused"


if __name__ == "__main__":
    main()
