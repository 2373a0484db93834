"""Rules, pins and holds as people set and read them."""

from typing import Any

from pydantic import ValidationError

from repomill.errors import RetentionRulesInvalid
from repomill.retention import RetentionRules
from storage.database.work import Work
from tasks.services import Services

FOR_ALL = "flow_runs_days"


async def show_rules(services: Services) -> list[dict[str, Any]]:
    """Return the rules in force: the common ones, then those of each project that states its own."""

    def read(work: Work) -> list[dict[str, Any]]:
        rows = [{"project": "", **work.retention_marks.rules().model_dump()}]
        own = [project for project in work.projects.list() if project.retention is not None]
        return [*rows, *({"project": each.name, **work.retention_marks.rules(each).model_dump()} for each in own)]

    return await services.database.run(services.scope, read, read_only=True)


async def set_rules(services: Services, project: str, stated: dict[str, int | None], *, reset: bool = False) -> None:
    """Change some ages of a project, or of all without their own where it is ""; `reset` takes all changes back.

    Raises:
        RetentionRulesInvalid: an age cannot be, or only the common rules have it.
        ProjectNotFound: there is no such project.
    """
    if project and FOR_ALL in stated:
        raise RetentionRulesInvalid("flow runs have one age for all projects")
    try:
        RetentionRules.model_validate(stated)
    except ValidationError as error:
        raise RetentionRulesInvalid(error.errors(include_url=False)[0]["msg"]) from error

    def write(work: Work) -> None:
        row = work.projects.by_name(project) if project else None
        before = {} if reset else work.retention_marks.stated(row)
        work.retention_marks.set_rules(row, (before | stated) or None)

    await services.database.run(services.scope, write)


async def pin(services: Services, reference: str, reason: str) -> str:
    """Keep a generated project; return its id."""

    def write(work: Work) -> str:
        found = work.generated_projects.resolve(reference)
        work.retention_marks.pin(found, reason)
        return str(found.id)

    return await services.database.run(services.scope, write)


async def unpin(services: Services, reference: str) -> bool:
    """Let a generated project grow old again; tell whether it was pinned."""
    return await services.database.run(
        services.scope, lambda work: work.retention_marks.unpin(work.generated_projects.resolve(reference))
    )


async def hold(services: Services, project: str, reason: str) -> None:
    """Put a project under a legal hold."""
    await services.database.run(
        services.scope, lambda work: work.retention_marks.hold(work.projects.by_name(project), reason)
    )


async def end_hold(services: Services, project: str) -> bool:
    """End a legal hold; tell whether there was one."""
    return await services.database.run(
        services.scope, lambda work: work.retention_marks.release(work.projects.by_name(project))
    )


async def show_marks(services: Services) -> list[dict[str, Any]]:
    """Return all pins and holds."""

    def read(work: Work) -> list[dict[str, Any]]:
        return [
            {
                "kind": mark.kind.value,
                "project": work.projects.get(mark.project_id).name,
                "id": mark.generated_project_id,
                "reason": mark.reason,
                "since": mark.created_at,
            }
            for mark in work.retention_marks.list()
        ]

    return await services.database.run(services.scope, read, read_only=True)
