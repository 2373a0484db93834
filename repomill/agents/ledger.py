"""Moved to `repomill.calls.ledger`; this name goes away."""

from repomill.calls.ledger import *  # noqa: F403  # until nobody asks for it here
