"""Tools that agents may use: one declaration per module, and those of plug-ins."""
