"""Reads what Git says under LC_ALL=C when a remote did not do as asked, and says who can mend it."""

import re
from collections.abc import Sequence
from enum import Enum
from textwrap import shorten


class Verdict(Enum):
    """What a failure means."""

    MOVED = "moved"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"


_LONGEST = 500
"""Characters of what a remote said that are passed on."""

# A remote's text ends up in terminals and pages; it must not steer them.
_UNPRINTABLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x1f\x7f-\x9f]")

_Rule = tuple[str, str]

_MOVED: Sequence[_Rule] = (
    (r"\(stale info\)|\(fetch first\)|\(non-fast-forward\)|incorrect old value", "the branch moved"),
    (r"cannot lock ref .*(but expected|already exists)|failed to update ref", "the branch moved"),
)
_REFUSED: Sequence[_Rule] = (
    # A header that is not accepted makes Git ask for a user name, which it must not.
    (r"could not read (username|password)|authentication failed|returned error: 401", "authentication failed"),
    (r"returned error: 403|access denied|write access .* not granted", "the credentials may not do this"),
    (r"permission denied \(", "it accepts none of the SSH keys"),
    (r"host key verification failed", "its SSH host key is not known here"),
    (r"dubious ownership", "the folder belongs to another user"),
    (r"hook declined", "a hook declined the push"),
    (r"\[remote rejected\]", "the push was declined"),
    (r"repository .*not found|returned error: 404|does not appear to be a git", "there is no such repository"),
    (r"returned error: 30\d|redirect", "it moved to another address; use that one"),
    (r"certificate", "its certificate is not trusted"),
)
_UNAVAILABLE: Sequence[_Rule] = (
    (r"could not resolve|name resolution|name or service not known", "there is no such host"),
    (r"connection refused|failed to connect|couldn't connect", "it does not accept connections"),
    (r"timed out|no route to host|network is unreachable|too slow", "it does not answer"),
    (r"(returned error:|http) (5\d\d|429)", "it is overloaded or broken"),
    (r"early eof|hung up|disconnect|connection (was )?(reset|closed)|empty reply|rpc failed", "the connection broke"),
)
# First match wins, so what names a cause stands before what merely follows from it.
_RULES = ((Verdict.MOVED, _MOVED), (Verdict.REFUSED, _REFUSED), (Verdict.UNAVAILABLE, _UNAVAILABLE))


def judge(stderr: str) -> tuple[Verdict, str]:
    """Return what a failure means and a sentence for people, with what the remote itself said in it.

    What no rule knows is a refusal: trying again would not help, and the text tells a person what happened.
    """
    for verdict, rules in _RULES:
        for pattern, sentence in rules:
            if re.search(pattern, stderr, re.IGNORECASE):
                return verdict, _with_details(sentence, stderr)
    return Verdict.REFUSED, _with_details("Git gave up", stderr)


def _with_details(sentence: str, stderr: str) -> str:
    lines = [_UNPRINTABLE.sub("", line) for line in stderr.splitlines()]
    said = [line.removeprefix("remote:").strip() for line in lines if line.startswith("remote:")]
    blamed = [line.strip() for line in lines if line.startswith(("fatal:", "error:", "!"))]
    details = " ".join(line for line in said or blamed[:1] if line and "prompts disabled" not in line)
    return f"{sentence} ({shorten(details, _LONGEST, placeholder=' …')})." if details else f"{sentence}."
