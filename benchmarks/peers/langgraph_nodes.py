"""The same graph of nodes that do nothing on LangGraph; runs in an environment of its own, prints seconds a node."""
# LangGraph is not installed beside the project, so no type of its is known.
# mypy: ignore-errors

import asyncio
import json
import operator
import tempfile
import time
from typing import Annotated, TypedDict

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph

NODES = 200


class State(TypedDict):
    done: Annotated[list[int], operator.add]


def graph() -> StateGraph:
    built = StateGraph(State)
    for number in range(NODES):

        async def nothing(_state: State) -> State:
            return {"done": []}

        built.add_node(f"n{number}", nothing)
        built.add_edge(START, f"n{number}")
        built.add_edge(f"n{number}", END)
    return built


async def main() -> None:
    times = {"without saver": [], "with saver": []}
    plain = graph().compile()
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncSqliteSaver.from_conn_string(f"{folder}/saved.db") as saver:
            saving = graph().compile(checkpointer=saver)
            for run in range(3):
                times["without saver"].append(await timed(plain, {}))
                times["with saver"].append(await timed(saving, {"configurable": {"thread_id": str(run)}}))
    print(json.dumps(times))


async def timed(compiled, config) -> float:
    started = time.perf_counter()
    await compiled.ainvoke({"done": []}, config)
    return (time.perf_counter() - started) / NODES


asyncio.run(main())
