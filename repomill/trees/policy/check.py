"""The check of a stored tree against a policy: what has to pass before anything leaves."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Final

from pydantic import SecretStr

from repomill.canonical import digest_bytes
from repomill.trees.policy.cache import Hit, MemoryScanCache, ScanCache, dump_hits, parse_hits
from repomill.trees.policy.comments import comment_style
from repomill.trees.policy.findings import Finding, Verdict
from repomill.trees.policy.known_secrets import KnownSecrets
from repomill.trees.policy.model import Action, TreePolicy
from repomill.trees.policy.phrases import phrases_version
from repomill.trees.policy.placeholders import find_placeholders
from repomill.trees.policy.protected import ProtectedPaths
from repomill.trees.policy.secret_scan import find_secrets, path_class, rules_version
from repomill.trees.tree import TreeFile

MAX_FINDINGS: Final = 1000
"""Findings kept in a verdict; the others are counted."""

_BATCH_FILES: Final = 500
_BATCH_BYTES: Final = 8 * 1024 * 1024


def check_tree(
    members: Iterable[TreeFile],
    policy: TreePolicy,
    known_secrets: Sequence[SecretStr] = (),
    cache: ScanCache | None = None,
) -> Verdict:
    """Look at every file once, in the order given, and say what follows under the policy.

    Files are taken as they come; memory holds one batch of 8 MB, or one file that is larger. Content is scanned
    whatever the policy says, so that a cached scan serves every policy. A file over the size bound is not scanned:
    it is in the way as it is.
    """
    checks = _Checks(policy, known_secrets, MemoryScanCache() if cache is None else cache)
    findings: list[Finding] = []
    actions: set[Action] = set()
    codes: set[str] = set()
    count = 0
    for finding in checks.findings(members):
        actions.add(finding.action)
        count += 1
        # Of each kind one is kept whatever came before it.
        if len(findings) < MAX_FINDINGS or not finding.path or finding.code not in codes:
            codes.add(finding.code)
            findings.append(finding)
    return Verdict(tuple(findings), "block" in actions, "review" in actions, count - len(findings))


@cache
def scan_version() -> str:
    """Return the version of everything that decides what a scan sees; part of each cache key."""
    return f"{phrases_version()}-{rules_version()}"


class _Checks:
    """The checks of one tree; counts files and bytes on the way."""

    def __init__(self, policy: TreePolicy, known_secrets: Sequence[SecretStr], cache: ScanCache) -> None:
        self._policy = policy
        self._protected = ProtectedPaths(policy.protected)
        self._known = KnownSecrets(known_secrets)
        self._cache = cache
        self._files = 0
        self._bytes = 0

    def findings(self, members: Iterable[TreeFile]) -> Iterator[Finding]:
        """Yield what is found file by file, then what is wrong with the tree as a whole."""
        for batch in _batches(self._counted(members)):
            hits = self._hits([file for file in batch if self._is_scanned(file)])
            for file in batch:
                # Other findings of such a file would name its path.
                yield from self._known.check_path(file.path) or self._of_file(file, hits.get(file.path, ()))
        yield from self._of_tree()

    def _counted(self, members: Iterable[TreeFile]) -> Iterator[TreeFile]:
        for file in members:
            self._files += 1
            self._bytes += len(file.content)
            yield file

    def _is_scanned(self, file: TreeFile) -> bool:
        return len(file.content) <= self._policy.max_file_size

    def _hits(self, files: Sequence[TreeFile]) -> Mapping[str, tuple[Hit, ...]]:
        """Return the hits by path: from the cache, and by a scan of what it does not have."""
        keys = {file.path: _key(file) for file in files}
        known = dict(self._cache.load(list(keys.values())))
        fresh = {}
        for file in files:
            if keys[file.path] not in known:
                known[keys[file.path]] = fresh[keys[file.path]] = dump_hits(_scan(file))
        self._cache.store(fresh)
        return {path: parse_hits(known[key]) for path, key in keys.items()}

    def _of_file(self, file: TreeFile, hits: Sequence[Hit]) -> Iterator[Finding]:
        if not self._is_scanned(file):
            bound = self._policy.max_file_size
            message = f"Has {len(file.content)} bytes, more than the {bound} allowed."
            yield Finding("file_too_large", file.path, 0, message, "block")
        yield from self._protected.check(file.path)
        yield from self._known.check(file.path, file.content)
        yield from chain.from_iterable(self._judged(file.path, hit) for hit in hits)

    def _judged(self, path: str, hit: Hit) -> Iterator[Finding]:
        policy = self._policy
        action = policy.secrets if hit.code == "secret" else policy.placeholders
        if action != "allow" and not (hit.excused and policy.honour_allow_comments):
            yield Finding(hit.code, path, hit.line, hit.message, action)

    def _of_tree(self) -> Iterator[Finding]:
        policy = self._policy
        if self._files > policy.max_files:
            message = f"The tree has {self._files} files, more than the {policy.max_files} allowed."
            yield Finding("too_many_files", "", 0, message, "block")
        if self._bytes > policy.max_total_size:
            message = f"The tree has {self._bytes} bytes, more than the {policy.max_total_size} allowed."
            yield Finding("tree_too_large", "", 0, message, "block")


def _batches(files: Iterable[TreeFile]) -> Iterator[list[TreeFile]]:
    batch: list[TreeFile] = []
    size = 0
    for file in files:
        batch.append(file)
        size += len(file.content)
        if len(batch) >= _BATCH_FILES or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _key(file: TreeFile) -> str:
    """Name what a scan's outcome depends on: rules, the language, a path that rules ask for, and the content."""
    kind = f"{comment_style(file.path).name}:{path_class(file.path)}"
    return f"{scan_version()}/{kind}/{digest_bytes(file.content)}"


def _scan(file: TreeFile) -> list[Hit]:
    return [*find_placeholders(file.path, file.content), *find_secrets(file.path, file.content)]
