"""Policy on a stored tree: what has to hold before it is archived, downloaded or pushed."""

from repomill.trees.policy.cache import MemoryScanCache, ScanCache
from repomill.trees.policy.check import check_tree, scan_version
from repomill.trees.policy.findings import Finding, Verdict
from repomill.trees.policy.known_secrets import find_known
from repomill.trees.policy.model import DEFAULT_PROTECTED, Action, ProtectedPath, TreePolicy

__all__ = [
    "DEFAULT_PROTECTED", "Action", "Finding", "MemoryScanCache", "ProtectedPath", "ScanCache", "TreePolicy", "Verdict",
    "check_tree", "find_known", "scan_version",
]  # fmt: skip
