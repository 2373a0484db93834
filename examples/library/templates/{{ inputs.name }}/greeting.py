"""Greets people: a first module to replace with your own."""


def greet(name: str) -> str:
    """Return a greeting; raises ValueError when nobody is named."""
    if not (named := name.strip()):
        raise ValueError("nobody to greet")
    return f"Hello, {named}!"
