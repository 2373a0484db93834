"""Moved to `repomill.calls.recordings`; this name goes away."""

from repomill.calls.recordings import *  # noqa: F403  # until nobody asks for it here
