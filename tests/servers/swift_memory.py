"""A cache in memory for Swift's proxy, in place of memcached; runs in Swift's own environment.

Without one the proxy asks the account and container servers before every request whether bucket and account exist.
"""

from collections.abc import Callable, Mapping
from typing import Any

Application = Callable[[dict[str, Any], Callable[..., Any]], Any]


class Memory:
    """What Swift asks of a cache; nothing grows old, as one process alone changes what is behind it."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    def get(self, key: str, **options: object) -> Any:
        return self._values.get(key)

    def set(self, key: str, value: object, **options: object) -> None:
        self._values[key] = value

    def delete(self, key: str, **options: object) -> None:
        self._values.pop(key, None)


def filter_factory(common: Mapping[str, str], **own: str) -> Callable[[Application], Application]:
    """Return what puts one cache into every request; paste.deploy names the shape."""
    memory = Memory()

    def add(application: Application) -> Application:
        def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
            environ["swift.cache"] = memory
            return application(environ, start_response)

        return answer

    return add
