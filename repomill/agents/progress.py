"""Moved to `repomill.calls.progress`; this name goes away."""

from repomill.calls.progress import *  # noqa: F403  # until nobody asks for it here
