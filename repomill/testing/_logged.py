"""Everything that is logged while a block runs."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def logged() -> Iterator[list[str]]:
    """Collect the lines of the block as log files have them, tracebacks included, those of every level.

    Loggers that hand nothing on to the root, as Prefect's do, are listened to themselves.
    """
    handler = _Lines()
    listened = [logging.getLogger(), *(logger for logger in _loggers() if not logger.propagate)]
    levels = [logger.level for logger in listened]
    for logger in listened:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    try:
        yield handler.lines
    finally:
        for logger, level in zip(listened, levels, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)


def _loggers() -> list[logging.Logger]:
    known = list(logging.getLogger().manager.loggerDict.values())
    return [logger for logger in known if isinstance(logger, logging.Logger)]


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))
