"""The block of an HTTP API: its form, and the source made from it."""

from typing import Any, get_args

import pytest
from pydantic import SecretStr, ValidationError

from blocks.http_api import Authentication, HttpApi
from repomill.apis import source as plain
from repomill.workflow.spec import WorkflowSpec
from tasks.sources import Sources

FORMS: list[tuple[dict[str, Any], type[plain.Auth]]] = [
    ({"kind": "none"}, plain.NoAuth),
    ({"kind": "bearer", "token": "t"}, plain.Bearer),
    ({"kind": "jwt", "key": "k", "algorithm": "RS256", "claims": {"a": "$user_id"}}, plain.Jwt),
    ({"kind": "key", "key": "k", "place": "query"}, plain.ApiKey),
    ({"kind": "basic", "username": "u", "password": "p"}, plain.Basic),
    ({"kind": "oauth2", "token_url": "https://a.test/t", "client_id": "c", "client_secret": "s"}, plain.OAuth2),
]


@pytest.mark.parametrize(("form", "kind"), FORMS)
def test_each_form_of_authentication_becomes_its_own(form: dict[str, Any], kind: type[plain.Auth]) -> None:
    source = HttpApi.model_validate({"base_url": "https://api.test/v1/", "authentication": form}).source("shop")
    assert (type(source.auth), source.base_url, source.block) == (kind, "https://api.test/v1", "repomill-http-api/shop")


def test_every_form_is_covered() -> None:
    assert len(FORMS) == len(get_args(Authentication))


def test_all_secrets_are_kept_as_secrets_and_known_to_the_run() -> None:
    block = HttpApi.model_validate(
        {"authentication": {"kind": "basic", "username": "u", "password": "p"}, "headers": {"X-Key": "h"}}
    )
    spec = {"apiVersion": "repomill/v1", "name": "tea", "nodes": [{"id": "start", "type": "input"}]}
    found = Sources(WorkflowSpec.model_validate(spec), {"shop": block.source("shop")})
    assert {secret.get_secret_value() for secret in found.secrets()} == {"p", "h"}
    fields = HttpApi._to_block_schema().fields["secret_fields"]
    assert {"authentication.token", "authentication.key", "authentication.password", "headers"} <= set(
        map(_top, fields)
    )


def _top(field: str) -> str:
    return field.removesuffix(".*")


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_url": "api.test"},
        {"base_url": "ftp://api.test"},
        {"base_url": "https://user:password@api.test"},
        {"base_url": "https://api.test/?key=1"},
        {"authentication": {"kind": "jwt", "key": "k", "algorithm": "none"}},
        {"authentication": {"kind": "bearer", "token": "t", "key": "k"}},
        {"timeout": 0},
    ],
)
def test_what_cannot_be_meant_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        HttpApi.model_validate(wrong)


def test_the_form_keeps_its_order_and_has_no_discriminator() -> None:
    schema = HttpApi.model_json_schema()
    assert "discriminator" not in str(schema)
    for model in [schema, *schema["definitions"].values()]:
        positions = [field["position"] for field in model["properties"].values()]
        assert positions == list(range(len(positions)))


def test_only_named_hosts_may_be_contacted() -> None:
    auth = plain.OAuth2(token_url="https://login.test/t", client_id="c", client_secret=SecretStr("s"))
    source = plain.ApiSource(
        name="shop", block="b", base_url="https://api.test", auth=auth, further_hosts=("cdn.test",)
    )
    rules = source.rules(source.base_url)
    assert rules.named == {"api.test", "login.test", "cdn.test"}
    assert not rules.public
