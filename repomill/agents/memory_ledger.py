"""Moved to `repomill.calls.memory_ledger`; this name goes away."""

from repomill.calls.memory_ledger import *  # noqa: F403  # until nobody asks for it here
