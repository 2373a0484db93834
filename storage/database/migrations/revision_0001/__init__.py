"""The first schema, frozen; the tables as they were, whatever the models say today."""
