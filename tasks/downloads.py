"""Links that download archives and other objects: presigned by the store where it can, else over loopback."""

from dataclasses import dataclass
from datetime import datetime

from repomill.errors import ArtifactStoreRefused, ArtifactStoreUnavailable
from repomill.trees.archives import ARCHIVE_FORMATS
from storage.artifacts.keys import archive_key
from tasks.run_state import StoredProject
from tasks.services import Services


@dataclass(frozen=True, slots=True)
class Download:
    """Where an object can be had, and until when; without an end it is for browsers of this machine."""

    url: str
    ends: datetime | None = None


def usual_archive(services: Services, project: StoredProject, format_name: str) -> str:
    """Return the key that a tree's archive takes unless retention is about to remove it."""
    return archive_key(services.scope.organisation_id, project.tree_digest, ARCHIVE_FORMATS[format_name].suffix)


async def stored_archive(services: Services, project: StoredProject, format_name: str) -> str:
    """Return the key of a tree's archive."""
    return await services.database.run(
        services.scope,
        lambda work: work.exports.archive_of(project.id, format_name) or usual_archive(services, project, format_name),
        read_only=True,
    )


async def download_of(services: Services, project: StoredProject, format_name: str) -> Download | None:
    """Return the link to an archive that is stored, None where the export is none or the store does not answer.

    Such a link is for whoever asked: it is not recorded, and asking again makes a new one.
    """
    if format_name not in ARCHIVE_FORMATS:
        return None
    key = await stored_archive(services, project, format_name)
    return await link_of(services, key, f"{project.name}{ARCHIVE_FORMATS[format_name].suffix}")


async def link_of(services: Services, key: str, filename: str) -> Download | None:
    """Return the link to an object, its key where it has none; None where the store does not answer."""
    try:
        link = await services.store.link(key, filename)
    except (ArtifactStoreUnavailable, ArtifactStoreRefused):
        return None
    return Download(services.link(key)) if link is None else Download(link.url, link.ends)
