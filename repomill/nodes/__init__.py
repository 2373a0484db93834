"""Node kinds: one declaration per module, found by one registry."""
