"""Tokens say on whose behalf a request is made, and verify with the other half of the key."""

from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from repomill.apis.jwt_tokens import mint
from repomill.apis.source import ActingUser, Jwt
from repomill.errors import ApiCredentialsInvalid

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
USER = ActingUser("u-1", "Ada", "o-1", "Engines")
SECRET = "a secret of more than thirty-two characters"


def minted(**settings: Any) -> str:
    return mint(Jwt(**{"key": SECRET, **settings}), USER, NOW, "token-1", "repomill-http-api/shop")


def claims_of(token: str, key: Any = None, algorithm: str = "HS256") -> dict[str, Any]:
    return jwt.decode(token, key or OctKey.import_key(SECRET), algorithms=[algorithm]).claims


def test_a_token_names_the_acting_user() -> None:
    assert claims_of(minted(audience="shop", lifetime=60)) == {
        "sub": "u-1",
        "name": "Ada",
        "organisation": "o-1",
        "iss": "repomill",
        "aud": "shop",
        "jti": "token-1",
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 60,
    }


def test_a_block_may_say_its_own_claims_but_not_those_of_time() -> None:
    found = claims_of(minted(claims={"sub": "$user_name", "tenant": "t-$organisation_name", "exp": "9", "x": "$no"}))
    assert (found["sub"], found["tenant"], found["x"]) == ("Ada", "t-Engines", "$no")
    assert found["exp"] == int(NOW.timestamp()) + 300


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("RS256", RSAKey.generate_key(2048)),
        ("PS512", RSAKey.generate_key(2048)),
        ("ES256", ECKey.generate_key("P-256")),
        ("EdDSA", OKPKey.generate_key("Ed25519")),
    ],
)
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_private_keys_sign(algorithm: str, key: Any) -> None:
    token = minted(key=key.as_pem(private=True).decode(), algorithm=algorithm, key_id="k-1")
    assert claims_of(token, key, algorithm)["sub"] == "u-1"
    assert jwt.decode(token, key, algorithms=[algorithm]).header["kid"] == "k-1"


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_key_that_does_not_fit_names_the_block_and_not_the_key(algorithm: str) -> None:
    with pytest.raises(ApiCredentialsInvalid, match="repomill-http-api/shop") as refused:
        minted(algorithm=algorithm)
    assert SECRET not in str(refused.value) + refused.value.advice()
