"""Configuration of a Swift that fits in one folder: one device, one replica, one process for each of its servers."""

import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.servers.processes import LOOPBACK

SWIFT_BIN = Path(__file__).parents[2] / ".venv-swift" / "bin"
ACCESS_KEY = "repomill:tester"
SECRET_KEY = "a-secret-of-the-test-server"
DEVICE = "d1"

# Fixed, because it is part of every stored name: a folder that is served again must find its objects.
HASH_CONFIGURATION = """\
[swift-hash]
swift_hash_path_suffix = repomill
"""

STORAGE_SERVER = """\
[DEFAULT]
bind_ip = {host}
bind_port = {port}
workers = 0
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
fallocate_reserve = 0
[pipeline:main]
pipeline = healthcheck {name}-server
[filter:healthcheck]
use = egg:swift#healthcheck
[app:{name}-server]
use = egg:swift#{name}
"""

# s3api hands the signature to tempauth, which knows the one user; slo carries multipart uploads.
PROXY_SERVER = """\
[DEFAULT]
bind_ip = {host}
bind_port = {port}
workers = 0
swift_dir = {folder}
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck memory listing_formats bulk s3api tempauth copy slo dlo proxy-server
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:memory]
paste.filter_factory = tests.servers.swift_memory:filter_factory
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_{user} = {secret} .admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
"""


def write_configuration(folder: Path, ports: Mapping[str, int]) -> None:
    """Write what the four servers read; `ports` are by server name."""
    (folder / "devices" / DEVICE).mkdir(parents=True, exist_ok=True)
    (folder / "swift.conf").write_text(HASH_CONFIGURATION)
    for name, port in ports.items():
        template = PROXY_SERVER if name == "proxy" else STORAGE_SERVER
        user = ACCESS_KEY.replace(":", "_")
        text = template.format(name=name, port=port, folder=folder, host=LOOPBACK, user=user, secret=SECRET_KEY)
        (folder / f"{name}.conf").write_text(text)
    with ThreadPoolExecutor() as pool:
        rings = [pool.submit(_build_ring, folder, name, port) for name, port in ports.items() if name != "proxy"]
    for ring in rings:
        ring.result()


def _build_ring(folder: Path, name: str, port: int) -> None:
    builder = folder / f"{name}.builder"
    builder.unlink(missing_ok=True)
    # Four partitions, one replica, no wait between two rebalances.
    for step in (["create", "2", "1", "0"], ["add", f"r1z1-{LOOPBACK}:{port}/{DEVICE}", "1"], ["rebalance"]):
        subprocess.run([SWIFT_BIN / "swift-ring-builder", builder, *step], check=True, capture_output=True)
