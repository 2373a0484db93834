"""What makes a string a template."""


def is_template(text: str) -> bool:
    """Tell whether a string can render to anything but itself."""
    return "{{" in text or "{%" in text or "{#" in text
