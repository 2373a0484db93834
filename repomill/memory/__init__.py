"""Conversation memory: what agents were asked and answered before, by key."""
