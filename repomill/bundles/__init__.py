"""Bundles: one recorded execution in one file, to be replayed anywhere."""
