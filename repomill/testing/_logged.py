"""Everything that is logged while a block runs."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def logged() -> Iterator[list[str]]:
    """Collect the lines of the block as log files have them, tracebacks included, those of every level.

    Loggers that hand nothing on to the root, as Prefect's do, are listened to themselves.
    """
    handler, root = _Lines(), logging.getLogger()
    listened = [root, *(logger for logger in _loggers() if not logger.propagate)]
    levels = {logger: logger.level for logger in (root, *_loggers()) if logger.level}
    for logger in listened:
        logger.addHandler(handler)
    for logger in levels:
        logger.setLevel(logging.DEBUG)
    try:
        yield handler.lines
    finally:
        for logger in listened:
            logger.removeHandler(handler)
        for logger, level in levels.items():
            logger.setLevel(level)


def _loggers() -> list[logging.Logger]:
    known = list(logging.getLogger().manager.loggerDict.values())
    return [logger for logger in known if isinstance(logger, logging.Logger)]


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.lines.append(self.format(record))
        except Exception:  # noqa: BLE001  # as handlers do: a line that cannot be made fails nobody who logs
            self.handleError(record)
