"""Settings from the environment and `.env`, read once and handed on.

They say where things are; flows never read them. Bootstrap copies them into Prefect blocks, and a flow run on
any machine reads those blocks.
"""

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

HOME_NAME = ".repomill"
MEGABYTE = 1024 * 1024


def find_home(start: Path) -> Path:
    """Return the nearest parent's `.repomill` folder, else the one that would be made in `start`."""
    for folder in (start, *start.parents):
        if (folder / HOME_NAME).is_dir():
            return folder / HOME_NAME
    return start / HOME_NAME


class Settings(BaseSettings):
    """All settings; each is the upper-case name with the prefix REPOMILL_ in the environment or `.env`."""

    model_config = SettingsConfigDict(env_prefix="REPOMILL_", env_file=".env", extra="ignore", frozen=True)

    home: Annotated[Path, Field(default_factory=lambda: find_home(Path.cwd()))]
    """Folder for everything the embedded stack keeps; the nearest parent's `.repomill`, else here."""

    database_url: str = ""
    """SQLAlchemy URL; empty means SQLite under `home`."""

    artifacts_url: str = ""
    """`file:///dir` or `minio://host:port/bucket?secure=false`; empty means a folder under `home`."""

    minio_access_key: SecretStr = SecretStr("")
    minio_secret_key: SecretStr = SecretStr("")

    max_file_size: Annotated[int, Field(gt=0)] = 10 * MEGABYTE
    """Largest generated file in bytes."""

    input_roots: str = ""
    """Folders of the worker that `input` nodes may read files from, with `:` between them; empty means none."""

    acting_user: str = "default"
    """Name of the user on whose behalf commands act and start runs."""

    def allowed_input_roots(self) -> tuple[Path, ...]:
        """Return the folders of `input_roots`, absolute."""
        return tuple(Path(folder.strip()).absolute() for folder in self.input_roots.split(os.pathsep) if folder.strip())

    def effective_database_url(self) -> str:
        """Return the database URL with the embedded default filled in."""
        return self.database_url or f"sqlite:///{self.home.resolve()}/repomill.db"

    def effective_artifacts_url(self) -> str:
        """Return the artefact store URL with the embedded default filled in."""
        return self.artifacts_url or (self.home.resolve() / "artifacts").as_uri()
