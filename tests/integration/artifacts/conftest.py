"""S3 servers, started once per test process and only when a test asks."""

from tests.servers.fixtures import moto_s3, swift_s3

__all__ = ["moto_s3", "swift_s3"]
