"""Is it up? Short HTTP questions that need no client library and no proxy."""

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import datetime

from deployments.environment import WORK_POOL, WORKER_NAME

ANSWER_WITHIN = 5.0
"""Seconds; a healthy server answers within milliseconds."""

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def is_healthy(url: str) -> bool:
    """Tell whether a loopback URL answers with success."""
    try:
        with _direct.open(url, timeout=ANSWER_WITHIN) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def is_worker_online(api_url: str, since: float) -> bool:
    """Tell whether the embedded worker has sent a heartbeat after `since` (seconds since 1970)."""
    request = urllib.request.Request(  # noqa: S310  # our own loopback server
        f"{api_url}/work_pools/{WORK_POOL}/workers/filter",
        data=b"{}",
        headers={"Content-Type": "application/json"},
    )
    try:
        with _direct.open(request, timeout=ANSWER_WITHIN) as answer:
            workers = json.load(answer)
    except OSError:
        return False
    return any(item["name"] == WORKER_NAME and _seconds(item["last_heartbeat_time"]) >= since for item in workers)


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def why_unreachable(api_url: str, environ: Mapping[str, str]) -> str | None:
    """Return why somebody's own Prefect API cannot be used, or None when it is healthy."""
    if not api_url.startswith(("http://", "https://")):
        return "the URL has to start with http:// or https://"
    request = urllib.request.Request(f"{api_url.rstrip('/')}/health", headers=_credentials(environ))  # noqa: S310  # checked above
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_WITHIN):  # noqa: S310  # checked above
            return None
    except urllib.error.HTTPError as error:
        error.close()
        return f"it answered {error.code} {error.reason}"
    except urllib.error.URLError as error:
        return str(error.reason)
    except OSError as error:
        return str(error) or type(error).__name__


def _credentials(environ: Mapping[str, str]) -> dict[str, str]:
    if key := environ.get("PREFECT_API_KEY"):
        return {"Authorization": f"Bearer {key}"}
    if pair := environ.get("PREFECT_API_AUTH_STRING"):
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    return {}
