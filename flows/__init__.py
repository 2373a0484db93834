"""Prefect flows: readable recipes, one deployable flow per module."""
