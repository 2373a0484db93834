"""What the MinIO client and its HTTP library raise, in our terms."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from repomill.errors import ArtifactMissing, ArtifactStoreRefused, ArtifactStoreUnavailable, RepomillError

if TYPE_CHECKING:
    from minio.error import InvalidResponseError, S3Error

# Servers send these with several statuses; all mean that the same request may succeed later.
PASSING_CODES = frozenset({
    "InternalError", "OperationAborted", "RequestTimeout", "ServiceUnavailable", "SlowDown",
    # Bytes that were lost on the way, and an upload that the server forgot halfway.
    "BadDigest", "IncompleteBody", "XAmzContentSHA256Mismatch", "NoSuchUpload",
})  # fmt: skip
PASSING_STATUSES = frozenset({408, 429})

ADVICE = {
    "InvalidAccessKeyId": "The server does not know REPOMILL_MINIO_ACCESS_KEY.",
    "SignatureDoesNotMatch": "REPOMILL_MINIO_SECRET_KEY does not belong to REPOMILL_MINIO_ACCESS_KEY.",
    "AccessDenied": "Let these keys read, write, list and delete in the bucket.",
    "NoSuchBucket": "Mend the bucket's name in REPOMILL_ARTIFACTS_URL, or make it with `repomill doctor`.",
    "RequestTimeTooSkewed": "Set the clock of this machine, or that of the server: they differ by more than minutes.",
    "AuthorizationHeaderMalformed": "Add `region=NAME` to REPOMILL_ARTIFACTS_URL: the server's region is another.",
    "InvalidBucketName": "Mend the bucket's name in REPOMILL_ARTIFACTS_URL.",
    "QuotaExceeded": "Free space in the bucket or raise its quota.",
    "XMinioAdminBucketQuotaExceeded": "Free space in the bucket or raise its quota.",
}
"""How to mend what a server refuses, by its code."""


class RangeBehindEnd(RepomillError):
    """A range starts where the object has ended; never leaves the adapter."""


@contextmanager
def translated(store: str, key: str = "") -> Iterator[None]:
    """Raise what the block raises as `ArtifactMissing`, `ArtifactStoreRefused` or `ArtifactStoreUnavailable`."""
    from minio.error import InvalidResponseError, S3Error, ServerError
    from urllib3.exceptions import HTTPError

    try:
        yield
    except S3Error as error:
        raise _from_answer(error, store, key) from error
    except InvalidResponseError as error:
        raise _from_foreign_answer(error, store, key) from error
    except ServerError as error:
        raise _from_status(error.status_code, store, str(error)) from error
    except HTTPError as error:
        raise ArtifactStoreUnavailable(store, _cause(error)) from error
    except (ParseError, UnicodeDecodeError) as error:
        raise ArtifactStoreUnavailable(store, f"its answer is not S3: {error}") from error


def _from_answer(error: "S3Error", store: str, key: str) -> RepomillError:
    if error.code == "NoSuchKey":
        return ArtifactMissing(key)
    if error.code == "InvalidRange":
        return RangeBehindEnd()
    reason = f"{error.code}: {error.message}"
    if error.code in PASSING_CODES:
        return ArtifactStoreUnavailable(store, reason)
    return _from_status(error.response.status, store, reason, ADVICE.get(str(error.code), ""))


def _from_foreign_answer(error: "InvalidResponseError", store: str, key: str) -> RepomillError:
    """Judge an error answer that is not XML by its status: some servers and every proxy send such."""
    status, content_type = error._code, error._content_type
    if status == 404 and key:
        return ArtifactMissing(key)
    return _from_status(status, store, f"it answered {status} in {content_type or 'no format'}, which is not S3")


def _from_status(status: int, store: str, reason: str, advice: str = "") -> RepomillError:
    if status >= 500 or status in PASSING_STATUSES:
        return ArtifactStoreUnavailable(store, reason)
    return ArtifactStoreRefused(store, reason, advice) if advice else ArtifactStoreRefused(store, reason)


def _cause(error: Exception) -> str:
    """Return the reason inside "retries exceeded", which is what a person can act on."""
    return str(getattr(error, "reason", None) or error)
