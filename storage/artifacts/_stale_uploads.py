"""The rule of a bucket that uploads which were never finished go away by themselves."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minio import Minio

DAYS = 1


def remove_stale_uploads(client: "Minio", bucket: str) -> None:
    """Set the rule on a bucket that was just made.

    Servers without such rules (Swift), or that do this anyway (MinIO, after a day), may refuse it.
    """
    from minio.commonconfig import ENABLED, Filter
    from minio.error import InvalidResponseError, S3Error, ServerError
    from minio.lifecycleconfig import AbortIncompleteMultipartUpload, LifecycleConfig, Rule

    abort = AbortIncompleteMultipartUpload(days_after_initiation=DAYS)
    rule = Rule(ENABLED, Filter(prefix=""), "incomplete-uploads", abort_incomplete_multipart_upload=abort)
    try:
        client.set_bucket_lifecycle(bucket, LifecycleConfig([rule]))
    except (S3Error, InvalidResponseError, ServerError):
        return
