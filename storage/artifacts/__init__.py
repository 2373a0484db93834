"""Artefact store: the port, its adapters, and the names of objects."""
