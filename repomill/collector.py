"""What the garbage collector need not look through."""

import gc
from functools import cache


@cache
def settle_memory(loaded: str) -> None:
    """Let the garbage collector pass over what is there by now, once in a process for each thing that was `loaded`.

    A full round looks through all of it, and nothing else happens meanwhile; little of it ever becomes garbage.
    """
    gc.freeze()
