"""Secrets of blocks, headers and the environment reach the servers they are for, and nothing that people can look at.

Looked at after runs on the embedded worker: all that the Prefect API shows, the command lines of all processes while
a run went on, and every file of the installation.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import SECRET_VARIABLES, Models
from tests.e2e.git_credentials import make_block, make_credentials
from tests.e2e.installation import Installation
from tests.e2e.looking import all_shown, command_lines, contents
from tests.e2e.prefect_server import PrefectServer
from tests.servers.git_http import GitServer, git_http_server
from tests.servers.image_server import ImageServer, image_server
from tests.servers.model_server import Asked, Reply
from tests.servers.postgresql import postgresql_server
from tests.servers.waiting import PATIENCE, wait_until

KEY = "sk-sentinel-8c1f40d2"
TOKEN = "token-sentinel-47ab09e6"
HEADER = "header-sentinel-e05d13b8"
PASSWORD = "password-sentinel-b26c9f71"
PROVIDERS = {
    "azure": ("repomill-azure-openai", "azure-sentinel-51d8aa02"),
    "anthropic": ("repomill-anthropic", "anthropic-sentinel-c7e3190b"),
    "google": ("repomill-google", "google-sentinel-2f64d81e"),
}
"""Block and key of each provider but OpenAI."""
IMAGE_KEY = "image-sentinel-88ad30c5"
VARIABLE = "mcp-sentinel-0e9b7f36"
DATABASE_PASSWORD = "sql-sentinel-d41c95e7"
OTHERS = (*(key for _, key in PROVIDERS.values()), IMAGE_KEY, VARIABLE, DATABASE_PASSWORD)
SECRETS = (KEY, TOKEN, HEADER, PASSWORD, *OTHERS, *SECRET_VARIABLES.values())

SPEC = """\
apiVersion: repomill/v1
name: guarded
sources:
  writer: {kind: openai, block: guarded, model: small}
  stock: {kind: http, block: guarded}
nodes:
  - {id: list, type: api_call, config: {source: stock, operation: GET /models}}
  - {id: code, type: llm, config: {source: writer, max_tokens: 99, prompt: Write., files: {}}}
  - {id: push, type: repo_creation, config: {to: git, url: "ADDRESS", credentials: guarded}}
edges: [{from: list, to: code}, {from: code, to: push}]
"""

EVERY_SOURCE = """\
apiVersion: repomill/v1
name: everywhere
sources:
  azure: {kind: azure, block: guarded, model: small}
  anthropic: {kind: anthropic, block: guarded, model: small}
  google: {kind: google, block: guarded, model: small}
  writer: {kind: openai, block: guarded, model: small}
  studio: {kind: images, block: guarded, model: gpt-image-1-mini}
  teas: {kind: mcp, block: guarded}
  shop: {kind: database, block: guarded}
nodes:
  - {id: azure, type: llm, config: {source: azure, max_tokens: 99, prompt: Write.}}
  - {id: anthropic, type: llm, config: {source: anthropic, max_tokens: 99, prompt: Write.}}
  - {id: google, type: llm, config: {source: google, max_tokens: 99, prompt: Write.}}
  - {id: picture, type: image, config: {source: studio, prompt: A tin., path: tin.png}}
  - {id: rows, type: db, config: {source: shop, sql: SELECT 1 AS one}}
  - {id: ask, type: llm, config: {source: writer, max_tokens: 99, prompt: Which tea?, tools: [{mcp: {source: teas}}]}}
"""

SAVE_CONNECTOR = """
import sys
from prefect_sqlalchemy import ConnectionComponents, SqlAlchemyConnector
from sqlalchemy import make_url
url, password = make_url(sys.argv[1]), sys.argv[2]
SqlAlchemyConnector(
    connection_info=ConnectionComponents(
        driver="postgresql+psycopg", username=url.username, password=password, database="postgres", query={**url.query}
    )
).save("guarded")
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    with git_http_server(tmp_path_factory.mktemp("served"), "mill", PASSWORD) as running:
        yield running


@pytest.fixture(scope="module")
def deployment(
    repomill: Installation,
    stack: PrefectServer,
    all_models: Models,
    server: GitServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """The id of a deployment whose sources hold a secret wherever there is room for one."""
    reached = {"base_url": all_models.server.base_url, "headers": {"X-Team": HEADER}}
    make_block(stack, "repomill-openai", "guarded", {"api_key": KEY, **reached})
    make_block(stack, "repomill-http-api", "guarded", {"authentication": {"kind": "bearer", "token": TOKEN}, **reached})
    make_credentials(stack, "guarded", "mill", PASSWORD)
    spec = tmp_path_factory.mktemp("workflow") / "guarded.yaml"
    spec.write_text(SPEC.replace("ADDRESS", server.create("guarded.git")))
    return str(stack.deployment(repomill.json("workflow", "add", spec)["deployment"])["id"])


@pytest.fixture(scope="module")
def studio() -> Iterator[ImageServer]:
    with image_server() as running:
        yield running


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    """URL of a PostgreSQL database, which takes any password."""
    with tempfile.TemporaryDirectory(prefix="pg-") as folder, postgresql_server(Path(folder) / "data") as url:
        yield url


@pytest.fixture(scope="module")
def every_source(  # noqa: PLR0917  # the places where secrets are
    repomill: Installation,
    stack: PrefectServer,
    deployment: str,
    all_models: Models,
    studio: ImageServer,
    shop: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """The id of a deployment that uses a block of every kind, each with a secret of its own."""
    for slug, key in PROVIDERS.values():
        make_block(stack, slug, "guarded", {"api_key": key, "base_url": all_models.server.base_url})
    make_block(stack, "repomill-images", "guarded", {"api_key": IMAGE_KEY, "base_url": studio.base_url})
    command = [sys.executable, "-m", "tests.servers.mcp_teas"]
    variables = {"SHOP": VARIABLE, "PYTHONPATH": str(Path(__file__).parents[2])}
    make_block(stack, "repomill-mcp-server", "guarded", {"command": command, "environment": variables})
    environment = repomill.environment(PREFECT_API_URL=stack.api_url)
    subprocess.run([sys.executable, "-c", SAVE_CONNECTOR, shop, DATABASE_PASSWORD], env=environment, check=True)
    spec = tmp_path_factory.mktemp("workflow") / "everywhere.yaml"
    spec.write_text(EVERY_SOURCE)
    return str(stack.deployment(repomill.json("workflow", "add", spec)["deployment"])["id"])


def start(stack: PrefectServer, deployment: str) -> str:
    """Let the worker run it; returns the flow run's id."""
    return str(stack.post(f"/deployments/{deployment}/create_flow_run")["id"])


def leaks(texts: Iterable[tuple[str, str | bytes]]) -> set[tuple[str, str]]:
    """Return which secret is in which text."""
    found = ((place, text if isinstance(text, bytes) else text.encode()) for place, text in texts)
    return {(place, secret) for place, text in found for secret in SECRETS if secret.encode() in text}


def told(asked: Asked) -> list[str]:
    """Return what functions answered."""
    return [message["content"] for message in asked.body["messages"] if message["role"] == "tool"]


def sent(requests: Iterable[Asked]) -> str:
    return str([dict(request.headers) for request in requests])


def test_a_run_shows_no_secret_in_the_api_in_processes_or_in_files(
    deployment: str, repomill: Installation, stack: PrefectServer, models: Models, server: GitServer
) -> None:
    server.faults.hold_pushes = True
    with command_lines() as seen:
        flow_run = start(stack, deployment)
        assert server.faults.held.wait(PATIENCE)
        wait_until(lambda: any("guarded.git" in line for line in seen.copy()))
        server.faults.release.set()
        state = stack.wait_for(flow_run)
    assert state == "COMPLETED"
    assert all(secret in sent(models.requests) for secret in (KEY, TOKEN, HEADER))
    assert server.expected in {request.authorization for request in server.seen}
    shown = list(all_shown(stack, flow_run))
    assert {"/logs/filter", "/events/filter", "/artifacts/filter", "/block_documents/filter"} <= {
        path for path, _ in shown
    }
    assert leaks([*shown, *((line, line) for line in seen), *contents(repomill.home)]) == set()


def test_no_source_of_any_kind_shows_its_secret(
    every_source: str, repomill: Installation, stack: PrefectServer, models: Models, studio: ImageServer
) -> None:
    def answer(asked: Asked) -> Reply:
        return Reply(calls=[("price", {"tea": "matcha"})] if "Which tea?" in asked.prompt and not told(asked) else ())

    models.answer_with(answer)
    with command_lines() as seen:
        flow_run = start(stack, every_source)
        assert stack.wait_for(flow_run) == "COMPLETED", stack.story(flow_run)
    assert all(key in sent(models.requests) for _, key in PROVIDERS.values())
    assert len(studio.requests) == 1
    repomill("execution", "bundle", "export", "latest", repomill.work / "everywhere.bundle").check_returncode()
    said = [repomill("execution", *command, "latest").stdout for command in (["show"], ["calls"], ["logs"])]
    looked_at = [*all_shown(stack, flow_run), *((line, line) for line in seen), *(("said", text) for text in said)]
    assert leaks([*looked_at, *contents(repomill.home), *contents(repomill.work)]) == set()


def test_what_a_server_says_of_a_wrong_key_is_shown_without_it(
    deployment: str, repomill: Installation, stack: PrefectServer, models: Models
) -> None:
    refusal = Reply(f"wrong key {KEY} for team {HEADER}", status=401)
    models.answer_with(lambda asked: refusal if asked.path.endswith("/completions") else None)
    flow_run = start(stack, deployment)
    assert stack.wait_for(flow_run) == "FAILED"
    wait_until(lambda: "wrong key *** for team ***" in stack.story(flow_run))  # logs come behind states
    shown = list(all_shown(stack, flow_run))
    assert any("wrong key *** for team ***" in text for path, text in shown if path == "/logs/filter")
    assert leaks([*shown, *contents(repomill.home)]) == set()
