"""Who names the Prefect API, and what the stack's processes see."""

from pathlib import Path

import pytest

from deployments.environment import named_api_url, stack_environment
from repomill.settings import Settings

URL = "http://prefect.example/api"


def nobody(tmp_path: Path) -> dict[str, str]:
    """Return an environment with an empty Prefect home."""
    return {"PREFECT_HOME": str(tmp_path / "prefect-home")}


def test_nobody_named_an_api(tmp_path: Path) -> None:
    assert named_api_url(nobody(tmp_path), tmp_path) is None


def test_the_environment_names_it(tmp_path: Path) -> None:
    assert named_api_url(nobody(tmp_path) | {"PREFECT_API_URL": URL}, tmp_path) == URL


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (".env", f"PREFECT_API_URL={URL}\n"),
        ("prefect.toml", f'[api]\nurl = "{URL}"\n'),
        ("pyproject.toml", f'[tool.prefect.api]\nurl = "{URL}"\n'),
        ("prefect-home/profiles.toml", f'active = "mine"\n[profiles.mine]\nPREFECT_API_URL = "{URL}"\n'),
    ],
)
def test_a_file_names_it_and_the_environment_wins(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / "prefect-home").mkdir()
    (tmp_path / name).write_text(content, encoding="utf-8")
    environ = nobody(tmp_path)
    assert named_api_url(environ, tmp_path) == URL
    assert named_api_url(environ | {"PREFECT_API_URL": "http://other/api"}, tmp_path) == "http://other/api"


def test_the_profile_that_the_environment_chooses_counts(tmp_path: Path) -> None:
    profiles = tmp_path / "mine.toml"
    profiles.write_text(f'active = "a"\n[profiles.a]\n[profiles.b]\nPREFECT_API_URL = "{URL}"\n', encoding="utf-8")
    environ = nobody(tmp_path) | {"PREFECT_PROFILES_PATH": str(profiles)}
    assert named_api_url(environ, tmp_path) is None
    assert named_api_url(environ | {"PREFECT_PROFILE": "b"}, tmp_path) == URL


@pytest.mark.parametrize("content", ["api = ", 'api = "text"', "[api]\nurl = 3\n", '[api]\nurl = ""\n'])
def test_a_file_without_a_usable_name_is_passed_over(tmp_path: Path, content: str) -> None:
    (tmp_path / "prefect.toml").write_text(content, encoding="utf-8")
    assert named_api_url(nobody(tmp_path), tmp_path) is None


def test_settings_for_another_server_do_not_reach_the_stack(tmp_path: Path) -> None:
    foreign = {
        "PREFECT_API_KEY": "k",
        "PREFECT_API_URL": URL,
        "PREFECT_PROFILE": "cloud",
        "PREFECT_SERVER_API_AUTH_STRING": "a:b",
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": "sqlite:///other.db",
    }
    environment = stack_environment(Settings(home=tmp_path), foreign)
    assert not foreign.keys() & environment.keys()


def test_a_person_may_tune_what_is_only_a_default(tmp_path: Path) -> None:
    environment = stack_environment(Settings(home=tmp_path), {"PREFECT_WORKER_QUERY_SECONDS": "7", "PATH": "/bin"})
    assert environment["PREFECT_WORKER_QUERY_SECONDS"] == "7"
    assert environment["PATH"] == "/bin"
    assert environment["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"


def test_the_stack_sees_the_settings_it_was_started_with(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, artifacts_url="minio://127.0.0.1:9000/b", max_file_size=5)
    environment = stack_environment(settings, {"REPOMILL_ARTIFACTS_URL": "file:///elsewhere"})
    assert environment["REPOMILL_ARTIFACTS_URL"] == "minio://127.0.0.1:9000/b"
    assert environment["REPOMILL_MAX_FILE_SIZE"] == "5"
    assert environment["PREFECT_HOME"] == str(tmp_path / "prefect")
