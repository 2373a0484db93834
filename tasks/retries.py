"""After which failures a node is tried again, and when."""

from repomill.errors import CallUnavailable, Cancelled, NodeTimeout, OwnershipLost, Retriable
from repomill.workflow.spec import ErrorFamily, RetrySpec


def may_retry(error: object, retry: RetrySpec) -> bool:
    """Tell whether another try makes sense after this error."""
    if not isinstance(error, Exception) or isinstance(error, Cancelled | OwnershipLost):
        return False
    if ErrorFamily.ANY in retry.on:
        return True
    if isinstance(error, NodeTimeout):
        return ErrorFamily.TIMEOUT in retry.on
    # Calls had all of their tries where they are made.
    is_busy = isinstance(error, Retriable) and not isinstance(error, CallUnavailable)
    return is_busy and ErrorFamily.RETRIABLE in retry.on


def waits(retry: RetrySpec) -> list[float]:
    """Return the seconds before each further try, without jitter: doubling, up to the longest."""
    return [min(retry.backoff * 2**number, retry.max_delay) for number in range(retry.attempts - 1)]
