"""One Git remote: where a branch is, what is there, and how to advance it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from repomill.errors import RemoteMoved, RemoteRefused, RemoteUnavailable, RepomillError
from repomill.publishing._command import Git, GitResult, GitTimedOut
from repomill.publishing._refusals import Verdict, judge
from repomill.publishing.commits import FoundCommit
from repomill.publishing.credentials import GitCredentials

HEAD_REF = "refs/repomill/head"
NO_COMMIT = "no commit"


@dataclass(frozen=True, slots=True)
class GitRemote:
    """A remote as seen from the repository `git` works in; its environment already carries the credentials.

    Every method raises `RemoteRefused` (a person must act) and `RemoteUnavailable` (try again later). No error holds
    credentials, whatever the server answered.
    """

    git: Git
    url: str
    credentials: GitCredentials | None = None

    async def head(self, branch: str) -> str | None:
        """Return the commit id the branch is at, or None when it does not exist (an empty repository has none)."""
        listed = await self._ask("ls-remote", "--quiet", "--", self.url, f"refs/heads/{branch}")
        # The pattern also matches refs/heads/x/refs/heads/BRANCH.
        ids = [line.split("\t")[0] for line in listed.splitlines() if line.endswith(f"\trefs/heads/{branch}")]
        return ids[0] if ids else None

    async def default_branch(self) -> str | None:
        """Return the branch that HEAD is; None when the remote does not say (an empty repository)."""
        listed = await self._ask("ls-remote", "--quiet", "--symref", "--", self.url, "HEAD")
        prefix, suffix = "ref: refs/heads/", "\tHEAD"
        named = [line for line in listed.splitlines() if line.startswith(prefix) and line.endswith(suffix)]
        return named[0].removeprefix(prefix).removesuffix(suffix) if named else None

    async def any_ref(self) -> bool:
        """Tell whether there is any branch or tag."""
        return bool((await self._ask("ls-remote", "--quiet", "--heads", "--tags", "--", self.url)).strip())

    async def refs(self) -> dict[str, str]:
        """Return the commit or tag object of every branch and tag, by its full name."""
        listed = await self._ask("ls-remote", "--quiet", "--heads", "--tags", "--", self.url)
        return {ref: sha for sha, _, ref in (line.partition("\t") for line in listed.splitlines())}

    async def recent_messages(self, branch: str, most: int) -> list[str]:
        """Fetch the last commits of a branch, without files, and return their messages."""
        await self._fetch("--filter=tree:0", f"--depth={most}", want=f"+refs/heads/{branch}:{HEAD_REF}")
        printed = await self.git.output("log", f"--max-count={most}", "-z", "--format=%B", HEAD_REF, "--")
        return printed.split("\0")

    async def fetch_head(self, branch: str, leave_out: str = "tree:0") -> FoundCommit:
        """Fetch the commit the branch is at, without its history and, where the server can, without its files.

        With `leave_out` as "blob:none" its trees come along.
        """
        await self._fetch(f"--filter={leave_out}", "--depth=1", want=f"+refs/heads/{branch}:{HEAD_REF}")
        sha = await self.git.must("rev-parse", "--verify", HEAD_REF)
        return FoundCommit.parse(sha, await self.git.must("cat-file", "commit", sha))

    async def fetch_blobs(self, branch: str, blobs: Sequence[str]) -> None:
        """Fetch blobs by their ids, in one request; from a server that gives none by id, all of the branch's."""
        try:
            await self._fetch("--filter=blob:none", "--stdin", feed=[f"{blob}\n".encode() for blob in blobs])
        except RemoteRefused:
            await self._fetch("--refetch", "--no-filter", "--depth=1", want=f"+refs/heads/{branch}:{HEAD_REF}")

    async def _fetch(self, *options: str, want: str = "", feed: Iterable[bytes] | None = None) -> None:
        try:
            await self._ask(
                # What is here is not offered: Git would take a commit without its blobs for one that is complete.
                "-c", "fetch.negotiationAlgorithm=noop",
                "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", *options,
                "--", self.url, *([want] if want else []), feed=feed,
            )  # fmt: skip
        finally:
            # Else Git would fetch what is missing whenever it is looked at, one by one, and in the middle of a push.
            await self.git.run("config", "--remove-section", f"remote.{self.url}")

    async def mirror(self) -> None:
        """Fetch all that the remote has, under the names it has there; the repository must be bare."""
        await self._ask("fetch", "--quiet", "--no-write-fetch-head", "--", self.url, "+refs/*:refs/*")

    async def push(self, commit: str, branch: str, expected: str | None) -> None:
        """Advance the branch from `expected` (None: it must not exist) to a commit made on top of it.

        Raises:
            RemoteMoved: the branch is elsewhere by now.
        """
        # The lease is a compare-and-swap: the commit descends from `expected`, so nothing is ever forced away.
        await self._ask(
            "push", "--quiet", "--porcelain", "--no-follow-tags", "--recurse-submodules=no",
            f"--force-with-lease=refs/heads/{branch}:{expected or ''}",
            "--", self.url, f"{commit}:refs/heads/{branch}",
            moved=RemoteMoved(self.url, branch, expected or NO_COMMIT, "another commit"),
        )  # fmt: skip

    async def rehearse_push(self, commit: str) -> None:
        """Go as far as a push goes without sending anything: the remote asks for credentials that may push."""
        await self._ask("push", "--dry-run", "--quiet", "--", self.url, f"{commit}:refs/heads/repomill/rehearsal")

    async def _ask(self, *arguments: str, moved: RemoteMoved | None = None, feed: Iterable[bytes] | None = None) -> str:
        try:
            result = await self.git.run(*arguments, feed=feed)
        except GitTimedOut as error:
            raise RemoteUnavailable(self.url, f"no answer within {self.git.timeout:.0f} s.") from error
        if result.status:
            raise self._failure(result, moved)
        return result.stdout

    def _failure(self, result: GitResult, moved: RemoteMoved | None) -> RepomillError:
        # With --porcelain, what became of each ref is on standard output.
        said = f"{result.stderr}\n{result.stdout}"
        verdict, reason = judge(self.credentials.scrub(said) if self.credentials else said)
        if verdict is Verdict.MOVED and moved:
            return moved
        return (
            RemoteUnavailable(self.url, reason) if verdict is Verdict.UNAVAILABLE else RemoteRefused(self.url, reason)
        )
