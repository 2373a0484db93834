"""S3 servers, started once per test process and only when a test asks; suites show values when they fail."""

from pathlib import Path

import pytest

from tests.servers.fixtures import moto_s3, swift_s3

__all__ = ["moto_s3", "swift_s3"]

pytest.register_assert_rewrite(
    *(f"tests.conformance.{suite.stem}" for suite in Path(__file__).parent.glob("*_suite.py"))
)
