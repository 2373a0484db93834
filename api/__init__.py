"""The HTTP API: one of the two doors."""
