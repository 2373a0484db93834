"""The artefact store that REPOMILL_ARTIFACTS_URL names."""

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from repomill.errors import SettingInvalid
from storage.artifacts._minio_connections import DAY, BucketOptions
from storage.artifacts.local import LocalDirectoryStore
from storage.artifacts.minio_store import MinioStore
from storage.artifacts.port import ArtifactStore

if TYPE_CHECKING:
    from repomill.settings import Settings

SETTING = "REPOMILL_ARTIFACTS_URL"
FORMS = (
    "write file:///dir or minio://host:port/bucket?secure=false&region=name"
    " (also ca, encryption, link_seconds, timeout)"
)
ENDPOINT = re.compile(r"([\w.-]+|\[[0-9a-fA-F:]+\])(:\d+)?", re.ASCII)
TRUTH = {"true": True, "false": False}


def open_store(url: str, access_key: str = "", secret_key: str = "") -> ArtifactStore:
    """Return the store behind a URL; nothing is contacted before its `check`.

    Without keys an S3 server is asked anonymously.

    Raises:
        SettingInvalid: the URL or the pair of keys cannot be used; the error never holds a secret.
    """
    try:
        return _open(urlsplit(url), access_key, secret_key)
    except ValueError as error:
        raise SettingInvalid(SETTING, _without_keys(url), str(error)) from None


def store_of(settings: "Settings") -> ArtifactStore:
    """Return the store that the settings name; raises as `open_store` does."""
    return open_store(
        settings.effective_artifacts_url(),
        settings.minio_access_key.get_secret_value(),
        settings.minio_secret_key.get_secret_value(),
    )


def is_folder(url: str) -> bool:
    """Tell whether a URL names a folder of this machine, which only a link server opens for browsers."""
    return urlsplit(url).scheme == "file"


def _open(parts: SplitResult, access_key: str, secret_key: str) -> ArtifactStore:
    if "@" in parts.netloc:
        raise ValueError("keys belong into REPOMILL_MINIO_ACCESS_KEY and REPOMILL_MINIO_SECRET_KEY")
    if parts.scheme == "file":
        return _open_folder(parts)
    if parts.scheme == "minio":
        return _open_bucket(parts, access_key, secret_key)
    raise ValueError(FORMS)


def _open_folder(parts: SplitResult) -> LocalDirectoryStore:
    if parts.netloc not in {"", "localhost"} or not parts.path.startswith("/") or parts.query or parts.fragment:
        raise ValueError(FORMS)
    return LocalDirectoryStore(Path(unquote(parts.path)))


def _open_bucket(parts: SplitResult, access_key: str, secret_key: str) -> MinioStore:
    bucket = parts.path.strip("/")
    if not ENDPOINT.fullmatch(parts.netloc) or not bucket or parts.port == 0 or parts.fragment:
        raise ValueError(FORMS)
    if bool(access_key) != bool(secret_key):
        raise ValueError("one of REPOMILL_MINIO_ACCESS_KEY and REPOMILL_MINIO_SECRET_KEY is empty")
    return MinioStore(parts.netloc, bucket, access_key, secret_key, _bucket_options(_options(parts.query)))


def _bucket_options(given: dict[str, str]) -> BucketOptions:
    secure = TRUTH.get(given.pop("secure", "true"))
    texts = {name: given.pop(name) for name in ("region", "ca", "encryption") if name in given}
    links, timeout = given.pop("link_seconds", str(DAY)), given.pop("timeout", "30")
    if secure is None or given or not links.isdecimal():
        raise ValueError(FORMS)
    return BucketOptions(secure=secure, link_seconds=int(links), timeout=float(timeout), **texts)


def _options(query: str) -> dict[str, str]:
    return {
        name: values[-1] for name, values in parse_qs(query, keep_blank_values=True, strict_parsing=bool(query)).items()
    }


def _without_keys(url: str) -> str:
    """Drop what stands before an `@`: somebody may have written a secret there."""
    _, found, place = url.rpartition("@")
    return f"…@{place}" if found else url
