"""Which store a URL opens, and what is said of a URL that opens none."""

import subprocess
import sys
from contextlib import aclosing
from pathlib import Path

import pytest

from repomill.errors import SettingInvalid
from storage.artifacts.factory import open_store
from storage.artifacts.local import LocalDirectoryStore
from storage.artifacts.minio_store import MinioStore


def test_a_file_url_opens_that_folder(tmp_path: Path) -> None:
    store = open_store((tmp_path / "ä b").as_uri())
    assert isinstance(store, LocalDirectoryStore)
    assert store.name == str(tmp_path / "ä b")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?secure=false",
        "?secure=true&region=eu-west-1",
        "?encryption=s3&link_seconds=60&timeout=2.5",
        "?encryption=kms:arn:aws:kms:eu-west-1:1:key/a-b",
    ],
)
async def test_a_minio_url_opens_that_bucket(query: str) -> None:
    async with aclosing(open_store(f"minio://store.example:9000/bucket{query}", "access", "secret")) as store:
        assert isinstance(store, MinioStore)
        assert store.name == "store.example:9000/bucket"


async def test_a_server_without_keys_is_asked_anonymously() -> None:
    async with aclosing(open_store("minio://store.example/bucket")) as store:
        assert store.name == "store.example/bucket"


@pytest.mark.parametrize(
    "url",
    [
        *("", "artifacts", "/folder", "s3://host/bucket", "http://host/bucket"),
        *("file:relative", "file://host/dir", "file:///dir?x=1", "file:///dir#x"),
        *("minio://", "minio://host", "minio://host/", "minio:///bucket", "minio://host:0/bucket"),
        *("minio://host:port/bucket", "minio://host:99999/bucket", "minio://host/bucket/folder", "minio://host/B"),
        *("minio://host/bucket?secure=maybe", "minio://host/bucket?sekure=false", "minio://host/bucket?secure"),
        *("minio://host/bucket?link_seconds=0", "minio://host/bucket?link_seconds=604801"),
        *("minio://host/bucket?link_seconds=soon", "minio://host/bucket?timeout=0", "minio://host/bucket?timeout=x"),
        *(
            "minio://host/bucket?encryption=rot13",
            "minio://host/bucket?encryption=kms:",
            "minio://host/bucket?ca=/gone",
        ),
        *("minio://host/bucket?secure=false&encryption=kms:a",),
        *("minio://host/bucket#x", "minio://ho st/bucket", "minio://[::1/bucket"),
    ],
)
def test_any_other_url_is_refused_with_the_setting_named(url: str) -> None:
    with pytest.raises(SettingInvalid) as caught:
        open_store(url, "access", "secret")
    assert caught.value.setting == "REPOMILL_ARTIFACTS_URL"
    assert caught.value.value == url


def test_keys_in_the_url_are_refused_and_not_repeated() -> None:
    with pytest.raises(SettingInvalid, match="REPOMILL_MINIO_SECRET_KEY") as caught:
        open_store("minio://access:pass@word@host/bucket")
    assert "pass" not in str(caught.value)
    assert "word" not in str(caught.value)


@pytest.mark.parametrize(("access_key", "secret_key"), [("access", ""), ("", "private")])
def test_half_a_pair_of_keys_is_refused(access_key: str, secret_key: str) -> None:
    with pytest.raises(SettingInvalid, match="is empty") as caught:
        open_store("minio://host/bucket", access_key, secret_key)
    assert "private" not in str(caught.value)


def test_importing_the_stores_does_not_load_the_minio_client() -> None:
    modules = "storage.artifacts.factory, storage.artifacts.minio_store, storage.artifacts.memory"
    script = f"import sys, {modules}; print(sorted({{'minio', 'urllib3', 'certifi'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"
