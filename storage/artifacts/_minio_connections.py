"""Connections to an S3 server: kept, tried again, given up in time."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minio.sse import Sse
    from urllib3 import PoolManager

DAY = 24 * 60 * 60
LONGEST_LINK = 7 * DAY
"""What S3 allows."""


ENCRYPTION = re.compile(r"|s3|kms:[\w:/.-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class BucketOptions:
    """How a bucket is used. `timeout` is in seconds without a byte, `link_seconds` is how long a download link opens.

    `ca` is a file of certificate authorities, "" for those of the system. `encryption` is "" for what the bucket
    does by itself, `s3` for keys of the server, or `kms:ID` for a key of its key service.
    """

    secure: bool = True
    region: str = ""
    ca: str = ""
    encryption: str = ""
    link_seconds: int = DAY
    timeout: float = 30

    def __post_init__(self) -> None:
        """Raises ValueError for what no server could be told."""
        if not 0 < self.link_seconds <= LONGEST_LINK:
            raise ValueError(f"link_seconds is between 1 and {LONGEST_LINK} (seven days)")
        if self.timeout <= 0:
            raise ValueError("timeout is a number of seconds above 0")
        if not ENCRYPTION.fullmatch(self.encryption):
            raise ValueError("encryption is s3, or kms: and the id of a key")
        if self.encryption.startswith("kms:") and not self.secure:
            raise ValueError("encryption with a key of the key service needs TLS (secure=true)")
        if self.ca and not Path(self.ca).is_file():
            raise ValueError(f"there is no file {self.ca} of certificate authorities")

    def server_side_encryption(self) -> "Sse | None":
        """Return what the client is told with every upload."""
        from minio.sse import SseKMS, SseS3

        if not self.encryption:
            return None
        return SseS3() if self.encryption == "s3" else SseKMS(self.encryption.removeprefix("kms:"), {})


def http_pool(connections: int, options: BucketOptions) -> "PoolManager":
    """Make the connections; a server that is gone is given up after seconds, one that stalls after a minute."""
    import certifi
    from urllib3 import PoolManager, Retry, Timeout

    retries = Retry(
        total=3,
        connect=2,
        read=1,
        backoff_factor=0.2,
        status_forcelist=[500, 502, 503, 504],
        # The last answer says more than "too many retries", and a Retry-After of an hour is not ours to sit out.
        raise_on_status=False,
        respect_retry_after_header=False,
    )
    return PoolManager(
        timeout=Timeout(connect=3, read=options.timeout),
        maxsize=connections,
        retries=retries,
        ca_certs=options.ca or os.environ.get("SSL_CERT_FILE") or certifi.where(),
    )
