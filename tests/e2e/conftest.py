"""One installation with one embedded stack for all tests of this folder, and one model server that it asks.

Fixtures: `repomill` runs the command, `stack` is its Prefect API, `models` is what answers model requests.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deployments._processes import find_marked
from tests.e2e.installation import Installation
from tests.e2e.prefect_server import PrefectServer
from tests.servers.model_server import Answer, Asked, ModelServer, model_server

SECRET_VARIABLES = {
    "OPENAI_API_KEY": "key-of-tests",
    "REPOMILL_MINIO_SECRET_KEY": "store-sentinel-31d7ca58",
    "TEAM_TOKEN": "variable-sentinel-6e92b04f",
}
"""Secrets in the environment of all that this installation runs."""


@dataclass(frozen=True)
class Models:
    """The model server of this installation; `requests` start empty with every test."""

    server: ModelServer
    answers: list[Answer]

    @property
    def requests(self) -> list[Asked]:
        return self.server.requests

    def answer_with(self, answer: Answer) -> None:
        """Answer so from now on."""
        self.answers.append(answer)


@pytest.fixture(scope="session")
def all_models() -> Iterator[Models]:
    """The model server; tests take `models`, fixtures that outlive a test take this."""
    answers: list[Answer] = []

    def newest(asked: Asked) -> Any:
        return answers[-1](asked)

    with model_server(newest) as server:
        yield Models(server, answers)


@pytest.fixture
def models(all_models: Models) -> Models:
    """The model server; it makes answers up until a test says what to answer."""
    all_models.requests.clear()
    all_models.answer_with(lambda _: None)
    return all_models


@pytest.fixture(scope="session")
def repomill(all_models: Models) -> Iterator[Installation]:
    """The command, in a home of its own, with a key and an endpoint for models."""
    # Short, and directly in the system's folder for temporary files: paths of sockets are bounded.
    with tempfile.TemporaryDirectory(prefix="rm-") as folder:
        root = Path(folder).resolve()
        installation = Installation.make(root, OPENAI_BASE_URL=all_models.server.base_url, **SECRET_VARIABLES)
        try:
            yield installation
        finally:
            installation("down")
            left = find_marked(installation.home)
            assert not left, f"`repomill down` left {left}"


@pytest.fixture(scope="session")
def stack(repomill: Installation) -> PrefectServer:
    """The embedded stack, started by the real command."""
    return PrefectServer(repomill.up())
