"""Prefect blocks: credentials and endpoints, loaded at the flow boundary."""
