"""Moved to `repomill.calls.retry`; this name goes away."""

from repomill.calls.retry import *  # noqa: F403  # until nobody asks for it here
