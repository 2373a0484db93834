"""Processes that begin in milliseconds: forked from one that has imported everything."""

import multiprocessing

PROCESSES = multiprocessing.get_context("forkserver")
# There is one server for all of them; what is named last would win.
PROCESSES.set_forkserver_preload(
    [
        "tests.integration.tasks.dying_run",
        "tests.integration.tasks.dying_agent",
        "repomill.agents._agent",
        "repomill.agents._endpoint",
        "pydantic_ai.models.openai",
        "pydantic_ai.providers.openai",
        "openai.types",
        "openai.resources.chat.completions",
        "anyio._backends._asyncio",
        "genai_prices.data",
        "jiter",
        "kingfisher_sdk",
        "identify.identify",
    ]
)
