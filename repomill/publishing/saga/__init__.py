"""Exports to hosts: what is wanted, the way it takes, its steps, and taking them back."""
