"""The environment Git gets, and how credentials are kept in it."""

from base64 import b64encode

import pytest
from pydantic import SecretStr

from repomill.publishing._environment import child_environment, inherited_git_variables
from repomill.publishing.credentials import GitCredentials

CREDENTIALS = GitCredentials("mill", SecretStr("s3ntinel"))


def configuration(environment: dict[str, str]) -> dict[str, str]:
    count = int(environment["GIT_CONFIG_COUNT"])
    return {environment[f"GIT_CONFIG_KEY_{n}"]: environment[f"GIT_CONFIG_VALUE_{n}"] for n in range(count)}


def test_credentials_go_to_their_own_host_only() -> None:
    values = configuration(child_environment("https://git.example.com:8443/org/shop.git", CREDENTIALS))
    encoded = b64encode(b"mill:s3ntinel").decode()
    assert values["http.https://git.example.com:8443/.extraHeader"] == f"Authorization: Basic {encoded}"
    assert values["http.followRedirects"] == "false"


@pytest.mark.parametrize("url", ["file:///srv/shop.git", "/srv/shop.git", "ssh://git@x/y", "git@x:y"])
def test_other_protocols_get_no_credentials(url: str) -> None:
    assert not any("Authorization" in value for value in child_environment(url, CREDENTIALS).values())


def test_nothing_the_user_configured_is_read_and_nobody_is_asked() -> None:
    environment = child_environment()
    assert environment["GIT_CONFIG_GLOBAL"] == environment["GIT_CONFIG_SYSTEM"] == "/dev/null"
    assert environment["GIT_TERMINAL_PROMPT"] == "0"
    assert environment["GIT_ALLOW_PROTOCOL"] == "file:http:https:ssh"


def test_an_ssh_command_of_ones_own_is_kept_and_never_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", "ssh -i key")
    assert child_environment()["GIT_SSH_COMMAND"] == "ssh -i key -o BatchMode=yes"


def test_variables_of_a_surrounding_git_are_removed_and_those_for_certificates_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("GIT_DIR", "GIT_TRACE", "GIT_SSL_CAINFO", "GIT_CONFIG_GLOBAL"):
        monkeypatch.setenv(name, "x")
    removed = inherited_git_variables(child_environment())
    assert {"GIT_DIR", "GIT_TRACE"} <= set(removed)
    assert not {"GIT_SSL_CAINFO", "GIT_CONFIG_GLOBAL"} & set(removed)


def test_credentials_do_not_show_and_are_masked_in_texts() -> None:
    assert "s3ntinel" not in repr(CREDENTIALS)
    assert CREDENTIALS.scrub(f"no s3ntinel, no {CREDENTIALS.authorization()}") == "no ***, no Basic ***"


def test_an_empty_password_masks_nothing() -> None:
    assert GitCredentials("token", SecretStr("")).scrub("as it was") == "as it was"
