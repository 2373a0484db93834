"""Settings from the environment and `.env`."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from repomill.settings import MEGABYTE, Settings, find_home


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"REPOMILL_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


def test_everything_is_kept_here_by_default(tmp_path: Path) -> None:
    settings = Settings()
    assert settings.home == tmp_path / ".repomill"
    assert settings.effective_database_url() == f"sqlite:///{tmp_path}/.repomill/repomill.db"
    assert settings.effective_artifacts_url() == f"file://{tmp_path}/.repomill/artifacts"
    assert settings.max_file_size == 10 * MEGABYTE


def test_the_nearest_home_above_wins(tmp_path: Path) -> None:
    (inner := tmp_path / "a" / "b").mkdir(parents=True)
    assert find_home(inner) == inner / ".repomill"
    (tmp_path / ".repomill").mkdir()
    assert find_home(inner) == tmp_path / ".repomill"
    (tmp_path / "a" / ".repomill").mkdir()
    assert find_home(inner) == tmp_path / "a" / ".repomill"


def test_a_file_of_that_name_is_no_home(tmp_path: Path) -> None:
    (inner := tmp_path / "a").mkdir()
    (tmp_path / ".repomill").touch()
    assert find_home(inner) == inner / ".repomill"


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("REPOMILL_DATABASE_URL=sqlite:////file.db\nREPOMILL_MAX_FILE_SIZE=5\nOTHER=1\n")
    monkeypatch.setenv("REPOMILL_MAX_FILE_SIZE", "6")
    settings = Settings()
    assert settings.effective_database_url() == "sqlite:////file.db"
    assert settings.max_file_size == 6


def test_a_home_with_odd_characters_makes_a_url(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REPOMILL_HOME", str(tmp_path / "my tea"))
    assert Settings().effective_artifacts_url() == f"file://{tmp_path}/my%20tea/artifacts"


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPOMILL_MINIO_SECRET_KEY", "hidden")
    settings = Settings()
    assert settings.minio_secret_key.get_secret_value() == "hidden"
    assert "hidden" not in repr(settings)


@pytest.mark.parametrize("value", ["abc", "0", "-1", "1.5", ""])
def test_a_size_that_is_none_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPOMILL_MAX_FILE_SIZE", value)
    with pytest.raises(ValidationError, match="max_file_size"):
        Settings()


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().max_file_size = 1  # type: ignore[misc]  # what is tried


def test_input_roots_are_folders_with_colons_between() -> None:
    assert Settings(input_roots="").allowed_input_roots() == ()
    assert Settings(input_roots="/a:: rel").allowed_input_roots() == (Path("/a"), Path.cwd() / "rel")
