"""Removal of an object with the versions that a versioned bucket keeps of it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minio import Minio

NO_VERSIONS_KNOWN = frozenset({"NotImplemented", "MethodNotAllowed", "InvalidArgument", "InvalidRequest"})


def erase_versions(client: "Minio", bucket: str, key: str) -> bool:
    """Remove the object, its versions and its delete markers; False where the server does not list versions."""
    from minio.error import S3Error

    client.remove_object(bucket, key)
    try:
        found = client.list_objects(bucket, prefix=key, recursive=True, include_version=True)
        versions = [each.version_id for each in found if each.object_name == key]
        for version in versions:
            client.remove_object(bucket, key, version_id=version)
    except S3Error as error:
        if error.code in NO_VERSIONS_KNOWN:
            return False
        raise
    return True
