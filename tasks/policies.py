"""The policies of projects: read from files, kept in the database, shown."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from repomill.errors import PolicyInvalid, UnreadableFile
from repomill.trees.policy import TreePolicy
from repomill.workflow.source_text import load_workflow
from storage.database.work import Work
from tasks.services import Services
from tasks.tree_policy import policy_of


def read_policy(path: Path) -> dict[str, Any]:
    """Return what a JSON or YAML file says, once it is a policy.

    Raises:
        UnreadableFile: it is not there, or is not text.
        WorkflowInvalid: it is neither JSON nor YAML.
        PolicyInvalid: it is not a policy.
    """
    try:
        stated = load_workflow(path.read_text(encoding="utf-8"), str(path)).data
        TreePolicy.model_validate(stated)
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(str(path), getattr(error, "strerror", None) or "it is not UTF-8 text") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = "/".join(map(str, first["loc"]))
        raise PolicyInvalid(str(path), f"{place}: {first['msg']}" if place else first["msg"]) from error
    return stated if isinstance(stated, dict) else {}


async def set_policy(services: Services, name: str, stated: dict[str, Any] | None) -> None:
    """Give a project a policy, None for the defaults; stored trees keep their verdict until `release` looks again."""

    def write(work: Work) -> None:
        work.projects.set_policy(work.projects.by_name(name), stated)

    await services.database.run(services.scope, write)


async def show_policy(services: Services, name: str) -> str:
    """Return the policy in force as JSON; raises `ProjectNotFound`."""
    project = await services.database.run(services.scope, lambda work: work.projects.by_name(name), read_only=True)
    return policy_of(project, services).model_dump_json(indent=2)
