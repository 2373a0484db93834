"""What a person finds in the Prefect UI of a rotation of credentials."""

from collections.abc import Iterator

from prefect.artifacts import acreate_markdown_artifact

from tasks.host_exports import repository_name
from tasks.markdown import code
from tasks.reports import artifact_key, best_effort
from tasks.rotation import Rotation


async def report_rotation(rotation: Rotation) -> None:
    """Leave a page of what used the credentials that were replaced."""
    async with best_effort("the page of a rotation"):
        await acreate_markdown_artifact(
            "\n".join(_page(rotation)),
            key=artifact_key(rotation.block, "rotation"),
            description=f"What used {rotation.block} before its credentials were replaced",
        )


def _page(rotation: Rotation) -> Iterator[str]:
    uses = rotation.uses
    yield from (f"# {code(rotation.block)} has new credentials", "")
    yield from _section("Workflows that name it", [code(name) for name in uses.workflows])
    repositories = [
        code(repository_name(target)) + (" (nobody may push to it any more)" if target.url in rotation.gone else "")
        for target in uses.repositories
    ]
    yield from _section("Repositories that were exported to with it", repositories)
    yield "The old token is no longer used here. Revoke it at its host."


def _section(title: str, lines: list[str]) -> Iterator[str]:
    yield from (f"## {title}", "", *(f"- {line}" for line in lines or ["none"]), "")
