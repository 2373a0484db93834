"""A stack that cannot start says which part, why, and where to read more."""

from pathlib import Path

import pytest

from deployments import stack as embedded
from deployments._processes import find_marked
from repomill.errors import EngineUnavailable, StackFailed
from repomill.settings import Settings
from tests.servers.processes import free_ports


def test_the_part_that_failed_is_named_with_its_own_last_words(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, artifacts_url="nonsense://place", database_url="")
    with pytest.raises(StackFailed) as caught:
        embedded.start(settings)
    assert caught.value.part == "link server"
    assert "REPOMILL_ARTIFACTS_URL='nonsense://place' cannot be used" in caught.value.reason
    assert caught.value.reason in Path(caught.value.log).read_text(encoding="utf-8")
    assert embedded.status(settings) is None
    assert not find_marked(tmp_path)


def test_stopping_what_never_ran_is_no_error(tmp_path: Path) -> None:
    assert not embedded.stop(Settings(home=tmp_path / "nothing"))
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/api", "127.0.0.1:{port}", "https://127.0.0.1:{port}/api"])
def test_an_api_that_does_not_answer_is_not_replaced_by_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    named = url.format(port=free_ports(1)[0])
    monkeypatch.setenv("PREFECT_API_URL", named)
    with pytest.raises(EngineUnavailable) as caught:
        embedded.ensure_stack(Settings(home=tmp_path / "home"))
    assert caught.value.url == named
    assert caught.value.reason
    assert not (tmp_path / "home").exists()
