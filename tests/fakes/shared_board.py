"""One board of queues for several runs, whose clock moves when somebody waits."""

from repomill.calls.memory_queues import MemoryQueueBoard
from repomill.calls.shared_queues import SharedQueues
from tests.conformance.queue_board_suite import SetClock


class SharedBoard:
    """Gives each run its own way to the board; `waited` is how long all of them waited together."""

    def __init__(self) -> None:
        self.clock = SetClock()
        self.began = self.clock.now
        self.board = MemoryQueueBoard(self.clock)

    def run(self) -> SharedQueues:
        return SharedQueues(self.board, {}, self._sleep, self.clock)

    @property
    def waited(self) -> float:
        return self.clock.now - self.began

    async def _sleep(self, seconds: float) -> None:
        self.clock.now += seconds
