"""Port: one Prefect task run for each node instance; and the adapter that asks Prefect for them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from prefect.cache_policies import NO_CACHE, CachePolicy
from prefect.client.schemas.objects import State, TaskRun
from prefect.states import Completed
from prefect.tasks import Task
from prefect.utilities.annotations import opaque

from repomill.nodes.base import NodeKind
from repomill.workflow.spec import NodeSpec, RetrySpec
from tasks.retries import may_retry, waits

Document = dict[str, Any]
"""A small JSON object, fit for Prefect's result store."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a task's work gives; `is_known` when it is of an earlier attempt, and the work was not done now."""

    document: Document
    is_known: bool = False


Work = Callable[[], Awaitable[Result]]


@dataclass(frozen=True, slots=True)
class Instance:
    """The node instance that a task run stands for.

    `title` is what people read; `after` stand for the task runs it follows; `cache_key` names Prefect's copy of the
    result, "" for none.
    """

    kind: NodeKind[Any]
    spec: NodeSpec
    path: str
    key: str
    title: str
    after: Sequence[Any] = ()
    cache_key: str = ""
    retries: bool = True


class TaskRuns(Protocol):
    """Where node instances become task runs."""

    async def run(self, instance: Instance, work: Work) -> tuple[Result, Any]:
        """Do the work as a task run, again where the node's `retry` says so; gives what stands for the run in `after`.

        Raises:
            Exception: what the last try raised.
        """


class PrefectTaskRuns:
    """Task runs of Prefect, within a flow run.

    One `Task` is made for all nodes of a kind that are tried again alike: making one costs nearly as much as running
    it (2 ms against 3 ms).
    """

    def __init__(self) -> None:
        self._tasks: dict[tuple[object, ...], Task[[str, str, str, str], Any]] = {}
        self._works: dict[str, Work] = {}

    async def run(self, instance: Instance, work: Work) -> tuple[Result, Any]:
        """Run the instance's task."""
        how = (instance.kind.name, instance.spec.retry, instance.retries, bool(instance.cache_key))
        task = self._tasks.get(how) or self._tasks.setdefault(how, self._make(instance))
        self._works[instance.path] = work
        running: Any = task(
            instance.path,
            instance.title,
            instance.key,
            instance.cache_key,
            return_state=True,
            wait_for=list(instance.after),
        )
        try:
            state: State[Document] = await running
        finally:
            del self._works[instance.path]
        document = await state.aresult()
        # Prefect knows a result it holds in memory by its identity. It needs a thread to look into a state, and a
        # millisecond to walk through all that is in one.
        follow = opaque(state if instance.cache_key else document)
        return Result(document, state.name == "Cached"), follow

    def _make(self, instance: Instance) -> "Task[[str, str, str, str], Any]":
        async def execute(path: str, title: str, key: str, cache_key: str) -> Any:
            result = await self._works[path]()
            # Prefect takes a cache it cannot read for an empty one; our own record of the result then stands in.
            return Completed(name="Cached", data=result.document) if result.is_known else result.document

        spec = instance.spec
        retry = spec.retry if instance.retries else None
        # No tags: Prefect asks the server for a concurrency slot of every tag, one locking write a task (ADR 0011).
        return Task(
            execute,
            name=instance.kind.name,
            description=instance.kind.__doc__,
            task_run_name="{title}",
            persist_result=bool(instance.cache_key),
            cache_policy=CachePolicy.from_cache_key_fn(_cache_key) if instance.cache_key else NO_CACHE,
            retries=retry.attempts - 1 if retry else 0,
            retry_delay_seconds=(waits(retry) or None) if retry else None,
            retry_jitter_factor=(retry.jitter or None) if retry else None,
            retry_condition_fn=_condition(retry) if retry else None,
        )


def _cache_key(_context: object, parameters: Mapping[str, Any]) -> str:
    return str(parameters["cache_key"])


def _condition(retry: RetrySpec) -> Callable[["Task[..., Any]", TaskRun, State[Any]], bool]:
    def may_succeed_later(_task: "Task[..., Any]", _run: TaskRun, state: State[Any]) -> bool:
        return may_retry(state.data, retry)

    return may_succeed_later
