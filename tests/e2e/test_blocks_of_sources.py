"""Blocks of sources on a running stack: tested before a run, and found missing by validation."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import Models
from tests.e2e.installation import Installation
from tests.e2e.prefect_server import PrefectServer
from tests.e2e.specifications import WRITER, specify
from tests.servers.model_server import Reply
from tests.servers.pet_api import pet_api

pytestmark = pytest.mark.usefixtures("stack")


def test_a_block_is_tested_without_asking_a_model(repomill: Installation, models: Models) -> None:
    found = repomill.json("source", "check", "openai/openai")["found"]
    assert found == f"{models.server.base_url} takes the key and lists 2 models"
    assert [asked.path for asked in models.requests] == ["/v1/models"]


def test_a_key_that_is_refused_and_a_block_that_is_missing_are_for_a_person(
    repomill: Installation, models: Models
) -> None:
    models.answer_with(lambda _: Reply("no such key", status=401))
    refused = repomill("source", "check", "repomill-openai/openai")
    missing = repomill("source", "check", "repomill-mcp-server/gone")
    assert (refused.returncode, missing.returncode) == (3, 3)
    assert "no such key" in refused.stderr
    assert "repomill-mcp-server/gone, which does not exist" in missing.stderr


GUARDED = """
import sys
from blocks.http_api import BearerToken, HttpApi
HttpApi(base_url=sys.argv[1], authentication=BearerToken(token="t")).save("petshop", overwrite=True)
"""


def test_a_document_is_discovered_with_the_credentials_of_a_block(repomill: Installation, stack: PrefectServer) -> None:
    with pet_api() as pets:
        pets.check = lambda request: 0 if request.headers.get("authorization") == "Bearer t" else 401
        arguments = ("source", "discover", "pets", f"{pets.url}/openapi.json")
        environment = repomill.environment(PREFECT_API_URL=stack.api_url)
        subprocess.run([sys.executable, "-c", GUARDED, pets.url], env=environment, check=True, cwd=repomill.work)
        assert "--credentials" in repomill(*arguments).stderr
        assert repomill.json(*arguments, "--credentials", "petshop")["is_new"]
    gone = repomill(*arguments, "--credentials", "gone")
    assert (gone.returncode, "repomill-http-api/gone" in gone.stderr) == (3, True)


def test_limits_that_people_set_in_the_default_block_stay_when_it_is_written_anew(
    repomill: Installation, stack: PrefectServer
) -> None:
    path = "/block_types/slug/repomill-openai/block_documents/name/openai"
    document, limits = f"/block_documents/{stack.get(path)['id']}", {"requests_per_minute": 77, "input_price": "0.5"}
    stack.send("PATCH", document, {"data": limits, "merge_existing_data": True}).raise_for_status()
    repomill("up", OPENAI_MODEL="another").check_returncode()
    kept = stack.get(path)["data"]
    assert (kept["model"], kept["requests_per_minute"], float(kept["input_price"])) == ("another", 77, 0.5)
    none = dict.fromkeys(limits)
    stack.send("PATCH", document, {"data": none, "merge_existing_data": True}).raise_for_status()
    repomill.up()


def test_validation_names_the_blocks_that_are_missing(repomill: Installation, tmp_path: Path) -> None:
    good, bad = specify(tmp_path, WRITER), specify(tmp_path, WRITER, name="bad", block="elsewhere")
    assert repomill.json("workflow", "validate", good)["missing_blocks"] == []
    refused = repomill("workflow", "validate", bad, "--format", "json")
    assert refused.returncode == 3
    assert '"repomill-openai/elsewhere"' in refused.stdout


def test_validation_tells_what_a_run_costs_at_most_and_holds_it_against_the_budget(
    repomill: Installation, tmp_path: Path
) -> None:
    bounded = WRITER.replace("max_tokens: 99", "max_tokens: 99, max_input_tokens: 5000")
    spec = specify(tmp_path, bounded)
    told = repomill.json("workflow", "validate", spec, "--bound")
    assert told["most_cost_usd"] is None
    assert told["most_cost_by_node"][0].startswith("code: the price of small at source writer is not known (state")
    spec.write_text(spec.read_text() + "budget: {cost_usd: 1}\n")
    refused = repomill("workflow", "validate", spec)
    assert refused.returncode == 2
    assert "what a run costs at most cannot be told: code: the price of small" in refused.stderr
