"""The environment in which Git runs: the same on every machine, whatever its user configured.

Configuration goes in as GIT_CONFIG_COUNT/KEY/VALUE. Unlike an argument, the environment of a process is readable by its
own user only, and unlike a file nothing has to be removed after a crash. So this is also the way credentials travel.
"""

import os
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from repomill.publishing.credentials import GitCredentials
from repomill.publishing.git_urls import PROTOCOLS

_ISOLATION: Mapping[str, str] = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS": "",
    "GIT_ALLOW_PROTOCOL": ":".join(PROTOCOLS),
    "GIT_PROTOCOL_FROM_USER": "0",
    "LC_ALL": "C",
}

_CONFIGURATION: Mapping[str, str] = {
    "gc.auto": "0",
    "maintenance.auto": "false",
    "core.autocrlf": "false",
    # A reflog would name the machine's user and host.
    "core.logAllRefUpdates": "false",
    # What a person's repository starts is for the person's own commands.
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    # Git would map a pack of 1 GB whole; with this it has 105 instead of 450 MB to push it, and is as fast.
    "core.packedGitWindowSize": "16m",
    "core.packedGitLimit": "64m",
    "pack.windowMemory": "32m",
}

# What somebody sets to reach a host at all: certificates, a proxy, an SSH client of their own.
_KEPT_PREFIXES = ("GIT_SSL_", "GIT_SSH", "GIT_PROXY_", "GIT_EXEC_PATH", "GIT_PYTHON_")


def child_environment(url: str = "", credentials: GitCredentials | None = None) -> dict[str, str]:
    """Return the variables for a Git that talks to `url`, or to nobody."""
    configuration = dict(_CONFIGURATION)
    # A redirect to another host would take the header along; GitHub answers a renamed repository that way.
    configuration["http.followRedirects"] = "false" if credentials else "initial"
    if credentials and url.startswith(("http://", "https://")):
        parts = urlsplit(url)
        configuration[f"http.{parts.scheme}://{parts.netloc}/.extraHeader"] = (
            f"Authorization: {credentials.authorization()}"
        )
    ssh = os.environ.get("GIT_SSH_COMMAND", "ssh")
    return {**_ISOLATION, "GIT_SSH_COMMAND": f"{ssh} -o BatchMode=yes", **_as_variables(configuration)}


def inherited_git_variables(ours: Iterable[str]) -> list[str]:
    """Return the names of Git's variables that must not reach the child.

    A hook or `git rebase --exec` that starts Repomill sets GIT_DIR and GIT_INDEX_FILE; GIT_TRACE_CURL prints headers.
    """
    kept = set(ours)
    return sorted(
        name
        for name in os.environ
        if name.startswith("GIT_") and name not in kept and not name.startswith(_KEPT_PREFIXES)
    )


def _as_variables(configuration: Mapping[str, str]) -> dict[str, str]:
    variables = {"GIT_CONFIG_COUNT": str(len(configuration))}
    for number, (key, value) in enumerate(configuration.items()):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return variables
