"""Over TLS the name is verified, though the connection goes to an address."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from repomill.errors import ApiCertificateRefused
from tests.fakes.api_calls import Api, source_at
from tests.servers.pet_api import PetApi, pet_api

GET: dict[str, Any] = {"operation": "GET /pets/1"}


def self_signed(name: str) -> tuple[str, str]:
    """Return certificate and key as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    unencrypted = serialization.NoEncryption()
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return certificate.public_bytes(pem).decode(), key.private_bytes(pem, pkcs8, unencrypted).decode()


@pytest.fixture(scope="module")
def authority() -> tuple[str, str]:
    return self_signed("localhost")


@pytest.fixture(scope="module")
def secure(authority: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[PetApi]:
    file: Path = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_text("".join(authority))
    with pet_api(file) as api:
        yield api


async def test_a_named_authority_is_trusted(secure: PetApi, authority: tuple[str, str]) -> None:
    api = Api(source_at(secure.url, ca=authority[0]))
    assert (await api.output(**GET))["body"]["id"] == 1
    assert secure.last.headers["host"].startswith("localhost:")


async def test_an_unknown_authority_is_told_at_once(secure: PetApi) -> None:
    api = Api(source_at(secure.url))
    with pytest.raises(ApiCertificateRefused, match="CERTIFICATE_VERIFY_FAILED"):
        await api.run(**GET)
    assert api.waits == []


async def test_a_certificate_for_another_name_is_told(secure: PetApi, authority: tuple[str, str]) -> None:
    api = Api(source_at(secure.url.replace("localhost", "127.0.0.1"), ca=authority[0]))
    with pytest.raises(ApiCertificateRefused, match="mismatch"):
        await api.run(**GET)


async def test_the_check_can_be_left_out(secure: PetApi) -> None:
    assert (await Api(source_at(secure.url, verify=False)).output(**GET))["status"] == 200
