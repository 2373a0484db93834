"""Where the Prefect API is named, and what the environment of the embedded stack's processes is.

Nothing here imports Prefect: whoever needs an API has to name it before Prefect reads its settings.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotenv import dotenv_values

if TYPE_CHECKING:
    from repomill.settings import Settings

LOOPBACK = "127.0.0.1"
WORK_POOL = "repomill"
WORKER_NAME = "embedded"
RECOVER = "recover-executions/recover"
"""The deployment that goes on with executions whose process is gone."""
OWNER_TAG = "workflow"
"""On deployments whose flow runs own executions: the crash of such a run is looked after."""

STACK_MARK = "REPOMILL_STACK_HOME"
"""In the environment of every process of a stack and of all they start, so that none can be overlooked."""

# A shell may be set up for another server: its credentials, database or addresses must not leak into ours.
FOREIGN = (
    "PREFECT_API_",
    "PREFECT_CLOUD_",
    "PREFECT_CLIENT_CUSTOM_HEADERS",
    "PREFECT_PROFILE",
    "PREFECT_SERVER_API_",
    "PREFECT_SERVER_DATABASE_",
    "PREFECT_UI_",
    "PREFECT_TEST",
)

DEFAULTS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # Kept in memory, a slot whose holder died stays taken after a restart of the server.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    # It marks pools whose workers went away; here the supervisor brings the worker back. On SQLite it can meet the
    # worker's first heartbeat ("database is locked"), and the server logs a traceback at the start.
    "PREFECT_SERVER_SERVICES_FOREMAN_ENABLED": "false",
    "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    # On SQLite a busy server answers 503, to be asked again. After 5 such answers, 62 s, the worker gives a run up as
    # crashed; after 7 it has tried for four minutes.
    "PREFECT_CLIENT_MAX_RETRIES": "7",
    # What was planned ahead is all made up for after a pause of the stack: not an hour of it.
    "PREFECT_SERVER_SERVICES_SCHEDULER_MIN_SCHEDULED_TIME": "PT3M",
    "PREFECT_RUNNER_POLL_FREQUENCY": "1",
    "PREFECT_WORKER_QUERY_SECONDS": "1",
}


def prefect_home(home: Path) -> Path:
    """Return the folder where the embedded Prefect keeps its database."""
    return home / "prefect"


def api_url(port: int) -> str:
    """Return the API URL of a Prefect server on this machine."""
    return f"http://{LOOPBACK}:{port}/api"


def stack_environment(settings: "Settings", base: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the supervisor: `base` without other servers' settings, with this stack's."""
    home = settings.home.resolve()
    kept = {name: value for name, value in base.items() if not name.startswith(FOREIGN)}
    ours = {
        STACK_MARK: str(home),
        "PREFECT_HOME": str(prefect_home(home)),
        "REPOMILL_HOME": str(home),
        "REPOMILL_DATABASE_URL": settings.effective_database_url(),
        "REPOMILL_ARTIFACTS_URL": settings.effective_artifacts_url(),
        "REPOMILL_MINIO_ACCESS_KEY": settings.minio_access_key.get_secret_value(),
        "REPOMILL_MINIO_SECRET_KEY": settings.minio_secret_key.get_secret_value(),
        "REPOMILL_MAX_FILE_SIZE": str(settings.max_file_size),
    }
    return DEFAULTS | kept | ours


def named_api_url(environ: Mapping[str, str], folder: Path) -> str | None:
    """Return the Prefect API that a person chose, looked up in Prefect's own order; None when nobody chose one.

    The order is environment, `.env`, `prefect.toml`, `pyproject.toml`, active profile
    (https://docs.prefect.io/v3/concepts/settings-and-profiles).
    """
    return (
        environ.get("PREFECT_API_URL")
        or dotenv_values(folder / ".env").get("PREFECT_API_URL")
        or _lookup(_toml(folder / "prefect.toml"), "api", "url")
        or _lookup(_toml(folder / "pyproject.toml"), "tool", "prefect", "api", "url")
        or _profile_api_url(environ)
        or None
    )


def _profile_api_url(environ: Mapping[str, str]) -> str | None:
    home = Path(environ.get("PREFECT_HOME") or Path.home() / ".prefect")
    profiles = _toml(Path(environ.get("PREFECT_PROFILES_PATH") or home / "profiles.toml"))
    active = environ.get("PREFECT_PROFILE") or profiles.get("active", "")
    return _lookup(profiles, "profiles", str(active), "PREFECT_API_URL")


def _toml(path: Path) -> dict[str, Any]:
    """Return a file's content; Prefect itself complains about a broken one, so here it only counts as empty."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return {}


def _lookup(table: object, *keys: str) -> str | None:
    for key in keys:
        table = table.get(key) if isinstance(table, dict) else None
    return table if isinstance(table, str) and table else None


def process_environment(port: int) -> dict[str, str]:
    """Return the environment of a part of the stack; to be called in the supervisor, whose own it extends."""
    return dict(os.environ) | {"PREFECT_API_URL": api_url(port)}
