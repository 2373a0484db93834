"""Which texts may reach Git as a remote or a branch.

Git reads some of both as options or as programs to start (`--upload-pack=…`, `ext::sh -c …`), so only forms that
are known to be harmless pass.
"""

import re
from pathlib import PurePosixPath
from urllib.parse import SplitResult, urlsplit

from repomill.errors import BranchNameInvalid, RemoteUrlInvalid

PROTOCOLS = ("file", "http", "https", "ssh")
"""What Git may speak; handed to it as GIT_ALLOW_PROTOCOL too, so that nothing else is ever started."""

GIT_URL_FORMS = ("file:///PATH", "/PATH", "https://HOST/PATH", "ssh://[USER@]HOST/PATH", "USER@HOST:PATH")

_SCP_FORM = re.compile(r"[A-Za-z0-9_][\w.+-]*@[A-Za-z0-9][\w.-]*:(?![-:])[^\s:]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HOST = re.compile(r"[A-Za-z0-9:][\w.:-]*")
# `git help check-ref-format`, rules 1 to 9, for what follows refs/heads/.
_BAD_REF = re.compile(
    r"^[-/.]|[/.]$|//|\.\.|/\.|@\{|^@$|\.lock(?:/|$)|[\x00-\x20\x7f~^:?*\[\\]|^$|^HEAD$",
)


def check_remote_url(url: str) -> str:
    """Return the URL if Git may be given it; an absolute path as the URL it means, so that it is recorded as one.

    Raises:
        RemoteUrlInvalid: another protocol, an option in disguise, or credentials inside.
    """
    if _CONTROL.search(url):
        raise RemoteUrlInvalid("the URL", "it has a line break or another control character")
    if url.startswith("/"):
        return PurePosixPath(url).as_uri()
    if _SCP_FORM.fullmatch(url):
        return url
    parts = _split(url)
    if parts.scheme not in PROTOCOLS or "://" not in url:
        raise RemoteUrlInvalid(_shown(url), f"write one of {', '.join(GIT_URL_FORMS)}")
    if parts.scheme == "file":
        return _checked_file_url(url, parts)
    return _checked_host_url(url, parts)


def check_branch(branch: str) -> str:
    """Return the branch name if Git would accept it as `refs/heads/…`.

    Raises:
        BranchNameInvalid: it breaks the rules of `git check-ref-format`, or looks like an option.
    """
    if _BAD_REF.search(branch):
        raise BranchNameInvalid(branch)
    return branch


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise RemoteUrlInvalid("the URL", "it is not well formed") from error


def _checked_file_url(url: str, parts: SplitResult) -> str:
    if parts.netloc or not parts.path.strip("/"):
        raise RemoteUrlInvalid(_shown(url), "a file URL is file:/// and an absolute path")
    return url


def _checked_host_url(url: str, parts: SplitResult) -> str:
    if parts.password is not None or (parts.username and parts.scheme != "ssh"):
        raise RemoteUrlInvalid(_shown(url), "it holds credentials, which belong in a credentials block")
    if parts.query or parts.fragment or " " in url:
        raise RemoteUrlInvalid(_shown(url), "it holds a query, a fragment or a space")
    if (parts.username or "").startswith("-") or not _HOST.fullmatch(parts.hostname or ""):
        raise RemoteUrlInvalid(_shown(url), "its host name is not one")
    return url


def _shown(url: str) -> str:
    """Leave out whatever may be a secret: all before the last `@`, and the query."""
    scheme, separator, rest = url.rpartition("://")
    return scheme + separator + rest.rpartition("@")[2].partition("?")[0].partition("#")[0]
