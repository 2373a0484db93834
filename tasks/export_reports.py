"""What Prefect is told of exports: a link to the request, the plan as a page, and an event for automations."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from prefect.artifacts import acreate_link_artifact, acreate_markdown_artifact
from prefect.events import emit_event

from repomill.errors import TreeBlocked
from repomill.publishing.exports import Exported, ExportTarget
from repomill.publishing.planning.texts import plan_markdown
from tasks.export_plans import StoredPlan
from tasks.reports import artifact_key, best_effort
from tasks.run_state import StoredProject

EXPORTED = "repomill.export.exported"
BLOCKED = "repomill.export.blocked"
CONFLICTED = "repomill.export.conflicted"

_APPLY = (
    "To do exactly this, run the deployment `apply-plan` with the plan `{plan}`, or `repomill export apply {plan}`."
)


Emit = Callable[..., Any]
"""`prefect.events.emit_event`, or what stands for it."""


async def announce(project: StoredProject, exported: Exported) -> None:
    """Leave a link to the request that waits, and tell what happened."""
    if exported.request:
        async with best_effort("the link to a request"):
            await acreate_link_artifact(
                exported.request,
                link_text=exported.request,
                key=artifact_key(project.name, f"request-{exported.kind}"),
                description=f"Request for {project.name}; {len(exported.conflicts)} files need a person.",
            )
    await tell_exported(project, exported)


async def tell_exported(project: StoredProject, exported: Exported, emit: Emit = emit_event) -> None:
    """Tell of an export that is done, and of the files that a person has to look at."""
    facts = {"kind": exported.kind, "url": exported.url, "commit": exported.commit, "request": exported.request}
    told = {"project": project.name, **{name: fact for name, fact in facts.items() if fact}}
    await _tell(emit, EXPORTED, str(project.id), told)
    if exported.conflicts:
        await _tell(emit, CONFLICTED, str(project.id), {**told, "files": list(exported.conflicts)})


async def report_plan(stored: StoredPlan) -> None:
    """Leave the plan as a page, with what to type to apply it."""
    page = f"{plan_markdown(stored.plan)}\n{stored.applying.sentence()}\n\n{_APPLY.format(plan=stored.id)}\n"
    async with best_effort("the plan of an export"):
        await acreate_markdown_artifact(
            page,
            key=artifact_key(stored.project, "export-plan"),
            description=f"What an export of {stored.project} would do",
        )


@asynccontextmanager
async def blocked_is_told(target: ExportTarget, emit: Emit = emit_event) -> AsyncIterator[None]:
    """Tell when a tree may not leave."""
    try:
        yield
    except TreeBlocked as error:
        await _tell(emit, BLOCKED, error.project, {"kind": target.kind, "findings": list(error.findings)})
        raise


async def _tell(emit: Emit, event: str, project_id: str, payload: dict[str, Any]) -> None:
    async with best_effort("an event"):
        emit(event, {"prefect.resource.id": f"repomill.generated-project.{project_id}"}, payload=payload)
