"""Hosts of repositories: one port, and an adapter for each kind of host."""
