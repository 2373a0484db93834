"""Prefect tasks: thin adapters over core functions."""
