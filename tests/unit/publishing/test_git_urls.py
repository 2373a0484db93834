"""Which URLs and branch names may reach Git."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repomill.errors import BranchNameInvalid, RemoteUrlInvalid
from repomill.publishing.git_urls import check_branch, check_remote_url


@pytest.mark.parametrize(
    "url",
    [
        "file:///srv/git/shop.git",
        "http://127.0.0.1:3000/org/shop.git",
        "https://git.example.com/org/shop",
        "https://[::1]:8443/shop.git",
        "ssh://git@git.example.com:2222/org/shop.git",
        "ssh://git.example.com/shop.git",
        "git@git.example.com:org/shop.git",
    ],
)
def test_every_documented_form_passes_unchanged(url: str) -> None:
    assert check_remote_url(url) == url


def test_an_absolute_path_becomes_the_url_it_means() -> None:
    assert check_remote_url("/srv/git/a folder/shop.git") == "file:///srv/git/a%20folder/shop.git"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.git",
        "./shop.git",
        "../shop.git",
        "--upload-pack=touch /tmp/x",
        "-oProxyCommand=x",
        "ext::sh -c 'touch /tmp/x'",
        "fd::17",
        "git://git.example.com/shop.git",
        "ftp://git.example.com/shop.git",
        "http:git.example.com",
        "https:///shop.git",
        "https://-oProxyCommand=x/shop.git",
        "ssh://-oProxyCommand=x/shop.git",
        "ssh://-x@git.example.com/shop.git",
        "git@-oProxyCommand=x:shop.git",
        "git@git.example.com:-oProxyCommand=x",
        "git@git.example.com::ext",
        "https://git.example.com/shop.git\n--upload-pack=x",
        "https://git.example.com/shop git",
        "https://[::1/shop.git",
        "file://host/shop.git",
        "file:///",
        "/srv/shop.git\0",
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    with pytest.raises(RemoteUrlInvalid):
        check_remote_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://mill:s3ntinel@git.example.com/shop.git",
        "https://s3ntinel@git.example.com/shop.git",
        "https://mill:s3nt@inel-s3ntinel@git.example.com/shop.git",
        "ssh://git:s3ntinel@git.example.com/shop.git",
        "https://git.example.com/shop.git?private_token=s3ntinel",
        "https://git.example.com/shop.git#s3ntinel",
        "ftp://mill:s3ntinel@git.example.com/",
        "https://mill:s3ntinel@[::1/shop.git",
        "https://mill:s3ntinel@git.example.com/shop.git\n",
    ],
)
def test_a_secret_in_a_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(RemoteUrlInvalid) as caught:
        check_remote_url(url)
    assert "s3ntinel" not in f"{caught.value} {caught.value!r} {caught.value.advice()}"


def test_credentials_in_a_url_are_sent_to_a_block() -> None:
    with pytest.raises(RemoteUrlInvalid, match="belong in a credentials block"):
        check_remote_url("https://mill:x@git.example.com/shop.git")


@given(st.text(max_size=40))
def test_nothing_that_passes_can_be_read_as_an_option_or_a_program(text: str) -> None:
    try:
        url = check_remote_url(text)
    except RemoteUrlInvalid:
        return
    assert not url.startswith("-")
    assert url.startswith("/") or "::" not in url.partition("/")[0]


@pytest.mark.parametrize("branch", ["main", "generated/shop-1.2", "näme", "a@b", "feature/x_y", "HEADS"])
def test_ordinary_branch_names_pass(branch: str) -> None:
    assert check_branch(branch) == branch


@pytest.mark.parametrize(
    "branch",
    [
        "", "-x", "--force", "HEAD", "@", "a b", "a\nb", "a..b", "a~1", "a^", "a:b", "a?", "a*", "a[b", "a\\b", "a@{1}",
        "/a", "a/", "a//b", ".a", "a/.b", "a.", "a.lock", "a.lock/b", "main\x7f",
    ],
)  # fmt: skip
def test_names_git_would_refuse_or_misread_are_refused(branch: str) -> None:
    with pytest.raises(BranchNameInvalid, match="is not a branch name"):
        check_branch(branch)
