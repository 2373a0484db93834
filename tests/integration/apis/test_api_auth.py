"""Credentials reach the API they are for, and nobody else; what the API says of them tells which block to mend."""

import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from pydantic import SecretStr

from repomill.apis.source import ApiKey, Auth, Basic, Bearer, Jwt, OAuth2
from repomill.errors import (
    ApiCredentialsInvalid,
    ApiForbidden,
    ApiStatusUnexpected,
    ApiUnauthorized,
    UserActionRequired,
)
from tests.fakes.api_calls import Api, source_at
from tests.servers.pet_api import Fault, PetApi, pet_api

KEY = SecretStr("a secret of more than thirty-two characters")
GET: dict[str, Any] = {"operation": "GET /pets/1"}
BARE_POST: dict[str, Any] = {"operation": "POST /pets", "body": {"name": "a"}, "idempotency_key": False}


def needing(header: str, value: str) -> Callable[[Request], int]:
    return lambda request: 0 if request.headers.get(header) == value else 401


def all_text(folder: Path) -> str:
    return "".join(path.read_text() for path in folder.rglob("*.json"))


def at(pets: PetApi, auth: Auth, **settings: Any) -> Api:
    return Api(source_at(pets.url, auth=auth, **settings))


def client_credentials(pets: PetApi, secret: str = "app-secret") -> OAuth2:
    return OAuth2(token_url=f"{pets.url}/oauth/token", client_id="app", client_secret=SecretStr(secret))


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        (Bearer(token=KEY), "authorization", f"Bearer {KEY.get_secret_value()}"),
        (
            Basic(username="u", password=SecretStr("pä")),
            "authorization",
            f"Basic {b64encode('u:pä'.encode()).decode()}",
        ),
        (ApiKey(key=SecretStr("k")), "x-api-key", "k"),
        (ApiKey(key=SecretStr("k"), name="sid", place="cookie"), "cookie", "sid=k"),
    ],
)
async def test_credentials_stand_where_the_api_wants_them(pets: PetApi, auth: Auth, header: str, value: str) -> None:
    pets.check = needing(header, value)
    assert (await at(pets, auth).output(**GET))["status"] == 200


async def test_a_key_may_stand_in_the_query_or_beside_other_cookies(pets: PetApi) -> None:
    await at(pets, ApiKey(key=SecretStr("k"), name="key", place="query")).run(**GET, query={"a": 1})
    assert pets.last.query == "a=1&key=k"
    await at(pets, ApiKey(key=SecretStr("k"), name="sid", place="cookie")).run(**GET, cookies={"a": "b"})
    assert pets.last.headers["cookie"] == "a=b; sid=k"


async def test_a_token_of_the_acting_user_is_validated_by_the_api(pets: PetApi) -> None:
    users = []

    def check(request: Request) -> int:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            claims = jwt.decode(token, OctKey.import_key(KEY.get_secret_value()), algorithms=["HS256"]).claims
            jwt.JWTClaimsRegistry(aud={"essential": True, "value": "shop"}).validate(claims)
        except (JoseError, ValueError):
            return 401
        users.append((claims["sub"], claims["name"], claims["organisation"]))
        return 0

    pets.check = check
    assert (await at(pets, Jwt(key=KEY, audience="shop")).output(**GET))["status"] == 200
    assert users == [("user-1", "Ada", "org-1")]
    for wrong in (Jwt(key=KEY, audience="other"), Jwt(key=SecretStr("x" * 40), audience="shop")):
        with pytest.raises(ApiUnauthorized, match="invalid_token"):
            await at(pets, wrong).run(**GET)


@pytest.mark.parametrize(("status", "error"), [(401, ApiUnauthorized), (403, ApiForbidden)])
async def test_credentials_that_are_not_taken_name_the_block_to_mend(
    pets: PetApi, status: int, error: type[UserActionRequired]
) -> None:
    pets.check = lambda _: status
    api = at(pets, Bearer(token=SecretStr("old-token")))
    with pytest.raises(error, match="repomill-http-api/shop") as refused:
        await api.run(**GET)
    assert isinstance(refused.value, UserActionRequired)
    assert "repomill-http-api/shop" in refused.value.advice()
    assert (len(pets.seen), "old-token" in str(refused.value)) == (1, False)
    pets.check = lambda _: 0  # somebody mended it: a resumed run asks again
    assert (await api.output(**GET))["status"] == 200


async def test_a_token_is_fetched_once_and_kept(pets: PetApi) -> None:
    pets.check = lambda request: 0 if request.headers["authorization"].removeprefix("Bearer ") in pets.tokens else 401
    api = at(pets, client_credentials(pets))
    output = await api.output(operation="GET /pets", paginate={"by": "link"})
    assert (output["pages"], pets.tokens_given) == (3, 1)


async def test_a_token_that_is_not_taken_any_more_is_renewed_once(pets: PetApi) -> None:
    def check(request: Request) -> int:
        return 0 if request.headers["authorization"] == "Bearer token-2" else 401

    pets.check = check
    assert (await at(pets, client_credentials(pets)).output(**GET))["status"] == 200
    pets.reset()
    pets.check = lambda _: 401
    with pytest.raises(ApiUnauthorized):
        await at(pets, client_credentials(pets)).run(**GET)
    assert pets.tokens_given == 2


async def test_a_token_endpoint_that_refuses_names_the_block(pets: PetApi) -> None:
    with pytest.raises(ApiCredentialsInvalid, match=r"repomill-http-api/shop.*401") as refused:
        await at(pets, client_credentials(pets, "wrong-secret")).run(**GET)
    assert "wrong-secret" not in str(refused.value)


async def test_a_token_endpoint_that_is_broken_is_tried_again_even_for_a_post(pets: PetApi) -> None:
    pets.faults = [Fault(503)]
    api = at(pets, client_credentials(pets))
    assert (await api.output(**BARE_POST))["status"] == 201
    pets.faults = [Fault(200, body=b"<html>")]
    with pytest.raises(ApiCredentialsInvalid):
        await at(pets, client_credentials(pets)).run(**GET)


@pytest.mark.parametrize("status", [429, 408, 425, 503])
async def test_a_token_endpoint_that_names_a_wait_is_waited_for(pets: PetApi, status: int) -> None:
    pets.faults = [Fault(status, times=2, headers={"Retry-After": "7"})]
    api = at(pets, client_credentials(pets))
    assert (await api.output(**BARE_POST))["status"] == 201
    assert api.waits == [7.0, 7.0]


async def test_a_token_endpoint_that_is_asked_too_fast_fails_no_run(pets: PetApi) -> None:
    pets.faults = [Fault(429, times=9)]
    assert (await at(pets, client_credentials(pets)).output(**BARE_POST))["status"] == 201


@pytest.mark.parametrize("fault", [Fault(drops=True), Fault(stalls=True)])
async def test_without_a_token_nothing_was_sent(fault: Fault) -> None:
    with pet_api() as pets:
        pets.faults = [Fault(**vars(fault))]
        api = at(pets, client_credentials(pets), timeout=3)
        assert (await api.output(**BARE_POST))["status"] == 201
        assert (len(pets.pets), [row.sends for row in api.ledger.rows.values()]) == (8, [1])


async def test_what_was_refused_for_its_token_was_not_done(pets: PetApi) -> None:
    def check(request: Request) -> int:
        if request.headers["authorization"] == "Bearer token-2":
            return 0
        if not pets.faults:
            pets.faults.append(Fault(drops=True))  # met by whoever asks for the next token
        return 401

    pets.check = check
    assert (await at(pets, client_credentials(pets)).output(**BARE_POST))["status"] == 201
    assert len(pets.pets) == 8


@pytest.mark.parametrize(
    "auth",
    [
        Bearer(token=KEY),
        Jwt(key=KEY),
        ApiKey(key=KEY),
        ApiKey(key=KEY, place="query"),
        Basic(username="u", password=KEY),
    ],
)
async def test_the_ledger_and_recordings_hold_no_credentials(pets: PetApi, auth: Auth, tmp_path: Path) -> None:
    api = at(pets, auth, headers={"X-Tenant": SecretStr("tenant-secret")})
    api.recordings = tmp_path
    await api.run(**GET)
    kept = all_text(tmp_path) + repr(api.ledger.rows)
    for secret in (KEY.get_secret_value(), "tenant-secret", "Bearer ", "Basic "):
        assert secret not in kept
    assert pets.last.headers["x-tenant"] == "tenant-secret"


async def test_redirects_are_followed_within_the_api(pets: PetApi) -> None:
    pets.check = needing("authorization", f"Bearer {KEY.get_secret_value()}")
    api = at(pets, Bearer(token=KEY))
    assert (await api.output(operation="GET /moved", query={"to": "/pets/1"}))["body"]["id"] == 1


async def test_credentials_do_not_follow_to_a_further_host(pets: PetApi) -> None:
    with pet_api() as other:
        target = other.url.replace("127.0.0.1", "localhost")
        api = at(pets, ApiKey(key=KEY), headers={"X-Tenant": KEY}, further_hosts=("localhost",))
        output = await api.output(operation="GET /moved", query={"to": f"{target}/pets/2"})
        assert output["body"]["id"] == 2
        assert KEY.get_secret_value() not in json.dumps(dict(other.last.headers))


@pytest.mark.parametrize(
    "to", ["http://localhost:1/x", "http://169.254.169.254/", "file:///etc/passwd", "//2130706433/"]
)
async def test_redirects_to_hosts_that_were_not_named_are_refused(pets: PetApi, to: str) -> None:
    with pytest.raises(ApiStatusUnexpected, match="not followed"):
        await at(pets, Bearer(token=KEY)).run(operation="GET /moved", query={"to": to})


async def test_redirects_of_a_post_and_redirects_without_end_are_refused(pets: PetApi) -> None:
    pets.faults = [Fault(307, headers={"Location": "/pets"})]
    with pytest.raises(ApiStatusUnexpected, match="not followed"):
        await at(pets, Bearer(token=KEY)).run(operation="POST /pets", body={"name": "a"})
    pets.faults = [Fault(302, times=99, headers={"Location": "/pets"})]
    with pytest.raises(ApiStatusUnexpected, match="without end"):
        await at(pets, Bearer(token=KEY)).run(**GET)


async def test_an_authority_that_is_no_certificate_names_the_block(pets: PetApi) -> None:
    with pytest.raises(ApiCredentialsInvalid, match="PEM"):
        await at(pets, Bearer(token=KEY), ca="nonsense").run(**GET)


async def test_a_source_without_any_address_names_the_block() -> None:
    with pytest.raises(ApiCredentialsInvalid, match="no base URL"):
        await Api(source_at("")).run(**GET)


async def test_variables_of_a_proxy_do_not_change_where_requests_go(
    pets: PetApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert (await at(pets, Bearer(token=KEY)).output(**GET))["status"] == 200
