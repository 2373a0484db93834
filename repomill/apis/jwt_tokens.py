"""Mints JSON Web Tokens that say on whose behalf a request is made."""

from datetime import datetime, timedelta
from string import Template
from typing import TYPE_CHECKING, Any

from repomill.apis.source import ActingUser, Jwt
from repomill.errors import ApiCredentialsInvalid

if TYPE_CHECKING:
    from joserfc.jwk import Key

DEFAULT_CLAIMS = {"name": "$user_name", "organisation": "$organisation_id"}
"""Claims besides `sub`, where the block names none."""

ALGORITHMS = (
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
)  # fmt: skip


def mint(settings: Jwt, user: ActingUser, now: datetime, token_id: str, block: str) -> str:
    """Return a signed token (RFC 7519) that begins now and ends after the lifetime.

    Raises:
        ApiCredentialsInvalid: the key does not fit the algorithm.
    """
    from joserfc import jwt
    from joserfc.errors import JoseError

    header: dict[str, Any] = {"alg": settings.algorithm}
    if settings.key_id:
        header["kid"] = settings.key_id
    try:
        token = jwt.encode(header, claims(settings, user, now, token_id), _key(settings), algorithms=list(ALGORITHMS))
    except (JoseError, ValueError, TypeError) as error:
        reason = f"the key does not sign with {settings.algorithm} ({type(error).__name__})"
        raise ApiCredentialsInvalid(block, reason) from None  # the library's words may quote the key
    return token


def claims(settings: Jwt, user: ActingUser, now: datetime, token_id: str) -> dict[str, Any]:
    """Return what a token says: the block's claims, then those that no block may change."""
    names = {
        "user_id": user.id,
        "user_name": user.name,
        "organisation_id": user.organisation_id,
        "organisation_name": user.organisation_name,
    }
    stated = settings.claims or DEFAULT_CLAIMS
    found: dict[str, Any] = {"sub": user.id}
    found |= {name: Template(value).safe_substitute(names) for name, value in stated.items()}
    found |= {"iss": settings.issuer, "iat": int(now.timestamp()), "jti": token_id}
    found["exp"] = int((now + timedelta(seconds=settings.lifetime)).timestamp())
    return found | ({"aud": settings.audience} if settings.audience else {})


def _key(settings: Jwt) -> "Key":
    from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

    secret = settings.key.get_secret_value()
    if settings.algorithm.startswith("HS"):
        return OctKey.import_key(secret)
    kinds: dict[str, Any] = {"RS": RSAKey, "PS": RSAKey, "ES": ECKey, "Ed": OKPKey}
    key: Key = kinds[settings.algorithm[:2]].import_key(secret)
    return key
