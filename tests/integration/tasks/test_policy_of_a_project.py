from pathlib import Path

import pytest
from pydantic import SecretStr

from repomill.errors import PolicyInvalid, ProjectNotFound, ProjectNotReady
from repomill.trees.tree import TreeFile
from tasks.policies import read_policy, set_policy, show_policy
from tasks.release import release
from tasks.services import Services, known_secrets
from tasks.tree_policy import check
from tests.fakes.stored_projects import store_project


async def test_a_project_has_the_defaults_until_it_says_otherwise(services: Services, tmp_path: Path) -> None:
    await store_project(services, tmp_path)
    assert '"placeholders": "block"' in await show_policy(services, "tea")
    await set_policy(services, "tea", {"placeholders": "allow"})
    assert '"placeholders": "allow"' in await show_policy(services, "tea")
    await set_policy(services, "tea", None)
    assert '"placeholders": "block"' in await show_policy(services, "tea")


async def test_a_project_that_is_not_there_has_no_policy(services: Services) -> None:
    with pytest.raises(ProjectNotFound):
        await show_policy(services, "coffee")


@pytest.mark.parametrize(("text", "reason"), [("placeholders: maybe", "placeholders"), ("colour: red", "colour")])
def test_a_file_that_is_no_policy_is_refused_with_its_place(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(text)
    with pytest.raises(PolicyInvalid, match=reason):
        read_policy(file)


async def test_the_keys_of_the_run_are_found_in_any_file(services: Services, tmp_path: Path) -> None:
    stored = await store_project(services, tmp_path)
    execution = stored.execution
    files = [TreeFile("notes.txt", b"the key is open-sesame-please\n")]
    verdict = await check(services, execution.project_id, files, (SecretStr("open-sesame-please"),))
    assert [finding.code for finding in verdict.findings if finding.action == "block"] == ["known_secret"]


async def test_a_content_is_scanned_once(services: Services, tmp_path: Path) -> None:
    stored = await store_project(services, tmp_path)
    files = [TreeFile("main.py", b"# rest of the code unchanged\n")]
    first = await check(services, stored.execution.project_id, files)
    keys = [key async for key in services.store.list("org/") if "/scans/" in key]
    assert len(keys) == 1
    before = await services.store.get(keys[0])
    assert await check(services, stored.execution.project_id, files) == first
    assert await services.store.get(keys[0]) == before


async def test_only_a_blocked_project_is_released(services: Services, tmp_path: Path) -> None:
    await store_project(services, tmp_path)
    with pytest.raises(ProjectNotReady):
        await release(services, "latest")


def test_the_password_of_the_database_is_a_known_secret() -> None:
    found = known_secrets("postgresql://mill:p%40ss@host/db", SecretStr(""), SecretStr("key"))
    assert [secret.get_secret_value() for secret in found] == ["p@ss", "key"]
