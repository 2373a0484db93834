"""Secrets this command line can know of: what it must never show, nor write into a bundle."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.boundary import load_settings

if TYPE_CHECKING:
    from pydantic import SecretStr

    from storage.database.work import Work
    from tasks.services import Services


def reachable_engine() -> bool:
    """Use the Prefect API when one is running; starts none. Call it before anything imports Prefect."""
    from cli.engine import QUIET
    from deployments._probe import why_unreachable
    from deployments.environment import named_api_url
    from deployments.stack import Stack, apply, status

    settings = load_settings()
    named = named_api_url(os.environ, Path.cwd())
    stack = status(settings)
    if stack is None and named and not why_unreachable(named, os.environ):
        stack = Stack(named, named, settings.home.resolve())
    if stack is None:
        return False
    os.environ.update(QUIET)
    apply(stack)
    return True


async def known_secrets(services: "Services", reference: str, *, with_blocks: bool) -> "tuple[SecretStr, ...]":
    """Return the installation's secrets, those of the environment, and those of the execution's sources."""
    from repomill.masking import environment_secrets

    known = (*services.secrets, *environment_secrets(os.environ))
    if not with_blocks:
        return known
    from repomill.workflow.spec import WorkflowSpec
    from tasks.sources import load_sources

    def definition(work: "Work") -> dict[str, Any]:
        return work.workflows.version(work.executions.resolve(reference).workflow_version_id).definition

    stated = await services.database.run(services.scope, definition, read_only=True)
    return (*known, *(await load_sources(WorkflowSpec.model_validate(stated))).secrets())
