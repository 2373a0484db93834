"""Secrets are masked in every spelling, wherever they stand in a value."""

import base64
import json
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from repomill.masking import Masker, environment_secrets

SECRET = 'pa/ss"wörd+1'
MASKER = Masker([SecretStr(SECRET), SecretStr("short")])


@pytest.mark.parametrize(
    "spelled",
    [SECRET, quote(SECRET, safe=""), json.dumps(SECRET)[1:-1], base64.b64encode(SECRET.encode()).decode()],
)
def test_a_secret_is_masked_in_each_spelling(spelled: str) -> None:
    masked = MASKER.text(f"before {spelled} after")
    assert SECRET not in masked
    assert masked.startswith("before ")
    assert "***" in masked


def test_names_lists_and_objects_are_masked_too() -> None:
    value = {f"x{SECRET}": [1, None, {"a": f"{SECRET}!"}]}
    assert MASKER.value(value) == {"x***": [1, None, {"a": "***!"}]}


def test_what_is_too_short_to_be_told_from_text_stays() -> None:
    assert MASKER.text("a short word") == "a short word"


def test_variables_whose_names_end_like_secrets_are_known() -> None:
    found = environment_secrets({"OPENAI_API_KEY": "sk-123456", "KEYBOARD": "german-layout", "X_TOKEN": "tiny"})
    assert [secret.get_secret_value() for secret in found] == ["sk-123456"]
