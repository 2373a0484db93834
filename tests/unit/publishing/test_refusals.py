"""What Git says when a remote does not do as asked, as seen with Git 2.39 and the big hosts."""

import pytest

from repomill.publishing._refusals import Verdict, judge

REJECTED = "To x\n!\trefs/heads/a:refs/heads/main\t[remote rejected] ({})\nerror: failed to push some refs to 'x'\n"


@pytest.mark.parametrize(
    ("stderr", "verdict", "sentence"),
    [
        ("!\ta:refs/heads/main\t[rejected] (stale info)\n", Verdict.MOVED, "the branch moved"),
        (REJECTED.format("failed to update ref"), Verdict.MOVED, "the branch moved"),
        (
            REJECTED.format("cannot lock ref 'refs/heads/main': is at 1 but expected 2"),
            Verdict.MOVED,
            "the branch moved",
        ),
        ("fatal: Authentication failed for 'https://x/'\n", Verdict.REFUSED, "authentication failed"),
        ("git@x: Permission denied (publickey).\nfatal: Could not read", Verdict.REFUSED, "none of the SSH keys"),
        ("Host key verification failed.\nfatal: Could not read", Verdict.REFUSED, "host key is not known"),
        ("fatal: detected dubious ownership in repository at '/x'\n", Verdict.REFUSED, "belongs to another user"),
        (
            "remote: error: GH006: Protected branch update failed.\n"
            + REJECTED.format("protected branch hook declined"),
            Verdict.REFUSED,
            "GH006: Protected branch update failed.",
        ),
        (REJECTED.format("branch is currently checked out"), Verdict.REFUSED, "branch is currently checked out"),
        ("remote: Repository not found.\nfatal: repository 'x' not found\n", Verdict.REFUSED, "no such repository"),
        (
            "remote: Permission to a/b.git denied to c.\nThe requested URL returned error: 403",
            Verdict.REFUSED,
            "denied",
        ),
        ("fatal: unable to access 'x': SSL certificate problem: expired", Verdict.REFUSED, "not trusted"),
        ("ssh: Could not resolve hostname x: Name or service not known", Verdict.UNAVAILABLE, "no such host"),
        ("ssh: connect to host x port 22: Connection refused", Verdict.UNAVAILABLE, "does not accept connections"),
        ("ssh: connect to host x port 22: Connection timed out", Verdict.UNAVAILABLE, "does not answer"),
        ("error: RPC failed; HTTP 502 curl 22", Verdict.UNAVAILABLE, "overloaded or broken"),
        ("OpenSSL SSL_read: Connection reset by peer", Verdict.UNAVAILABLE, "the connection broke"),
        ("fatal: something nobody has seen\n", Verdict.REFUSED, "Git gave up (fatal: something nobody has seen)."),
        ("", Verdict.REFUSED, "Git gave up."),
    ],
)
def test_a_failure_is_sorted_by_who_can_mend_it(stderr: str, verdict: Verdict, sentence: str) -> None:
    found, reason = judge(stderr)
    assert found is verdict
    assert sentence in reason


def test_what_a_remote_says_cannot_steer_a_terminal_and_is_cut() -> None:
    _, reason = judge("remote: \x1b[31mNo\x1b[0m\x07 " + "way " * 1000 + "\n" + REJECTED.format("hook declined"))
    assert reason.startswith("a hook declined the push (No way way")
    assert len(reason) < 600
