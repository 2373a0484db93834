"""Copier templates: stored whole with a workflow version, rendered by Copier itself in a process of its own."""

from repomill.trees.scaffolds._process import RenderLimits
from repomill.trees.scaffolds.rendering import Rendered, render_copier
from repomill.trees.scaffolds.source import Allowance, CopierSource, is_git_source
from repomill.trees.scaffolds.stored import Origin, StoredScaffold, stored_files, stored_scaffold

__all__ = [
    "Allowance", "CopierSource", "Origin", "RenderLimits", "Rendered", "StoredScaffold", "is_git_source",
    "render_copier", "stored_files", "stored_scaffold",
]  # fmt: skip
