"""The process in which Copier renders one template: `python -m repomill.trees.scaffolds._child FOLDER`.

FOLDER holds `request.json` and the unpacked `template`; the result goes into the destination that the request names,
and `reply.json` tells how it ended. Copier is imported here only: it takes most of a second, and what a template does
to its process ends with it.
"""

import json
import resource
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from traceback import walk_tb
from typing import Any

from jinja2 import TemplateSyntaxError

Reply = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """What the parent asks for; `memory` is in bytes, `cpu` in seconds, `file_size` in bytes."""

    destination: str
    address: str
    ref: str
    commit: str
    version: str
    answers: dict[str, Any]
    allow: list[str]
    memory: int
    cpu: int
    file_size: int


def main(folder: Path) -> None:
    """Render, and leave a reply."""
    request = Request(**json.loads((folder / "request.json").read_bytes()))
    _limit(request)
    (folder / "reply.json").write_text(json.dumps(outcome(request, folder)))


def outcome(request: Request, folder: Path) -> Reply:
    """Render, and tell how that ended: one of `skipped`, `answers`, `needs`, `bound` and `failed`."""
    try:
        return _render(request, folder / "template")
    except MemoryError:
        return {"bound": f"{request.memory // 1024**2} MB of memory"}
    except Exception as error:  # noqa: BLE001  # the boundary: a template raises whatever Python can raise
        return _failure(error, folder)


def _render(request: Request, template_folder: Path) -> Reply:
    """Render as `copier copy --defaults --quiet` does, from a folder that stands for the template's address."""
    from copier._main import Worker
    from copier._settings import SettingsModel
    from copier._template import Template

    template = Template(url=request.address)
    # What Copier would find out by a clone; each is a cached property, so a value in the instance stands for it.
    vars(template).update(
        vcs="git" if request.commit else None,
        local_abspath=template_folder.resolve(),
        commit=request.version or None,
        commit_hash=request.commit or None,
        git_index_modes={},
    )
    if refusal := _refusal(request, template):
        return refusal
    with Worker(
        src_path=request.address,
        dst_path=Path(request.destination),
        vcs_ref=request.ref or None,
        data=request.answers,
        settings=SettingsModel(),
        defaults=True,
        overwrite=True,
        quiet=True,
        unsafe=bool(request.allow),
        skip_tasks="tasks" not in request.allow,
    ) as worker:
        vars(worker)["template"] = template
        worker.run_copy()
    return {"skipped": ["tasks"] if template.tasks and "tasks" not in request.allow else []}


def _refusal(request: Request, template: Any) -> Reply | None:
    if template.jinja_extensions and "extensions" not in request.allow:
        return {"needs": ["extensions"]}
    questions = template.questions_data
    unknown = [name for name in request.answers if name not in questions]
    return {"answers": [_unknown(name, questions) for name in unknown]} if unknown else None


def _unknown(name: str, questions: Mapping[str, Any]) -> str:
    near = get_close_matches(name, questions, n=1)
    return f"it has no question {name!r}" + (f", did you mean {near[0]!r}?" if near else "")


def _failure(error: Exception, folder: Path) -> Reply:
    from copier.errors import ExtensionNotFoundError, MultipleConfigFilesError

    reason = (str(error) or type(error).__name__).replace(f"{folder.resolve()}/", "").strip()
    question = _question(error)
    if question and isinstance(error, ValueError | TypeError):
        missing = reason == f'Question "{question}" is required'
        return {"answers": [f"{question!r} has no default and no answer" if missing else f"{question!r}: {reason}"]}
    if isinstance(error, MultipleConfigFilesError):
        return {"failed": "it has more than one copier.yml."}
    if isinstance(error, ExtensionNotFoundError):
        return {"failed": f"it needs a Jinja extension that is not installed here: {reason.splitlines()[1]}."}
    if question:
        return {"failed": f"its question {question!r}: {reason}"}
    return {"failed": f"{_place(error, folder / 'template')}{reason}"}


def _question(error: Exception) -> str:
    """Return the question that Copier was at; not every error of an answer says so itself."""
    for frame, _ in walk_tb(error.__traceback__):
        if frame.f_code.co_name == "_ask":
            return str(frame.f_locals.get("var_name", ""))
    return ""


def _place(error: Exception, folder: Path) -> str:
    """Return `file, line N: ` of the innermost template; Jinja puts frames of templates into its tracebacks."""
    file, line = "", 0
    for frame, number in walk_tb(error.__traceback__):
        if "__jinja_exception__" in frame.f_globals:
            file, line = frame.f_code.co_filename, number
    if isinstance(error, TemplateSyntaxError):
        file, line = error.filename or "", error.lineno
    path = Path(file)
    if not path.is_relative_to(folder.resolve()):
        return ""
    return f"{path.relative_to(folder.resolve())}, line {line}: "


def _limit(request: Request) -> None:
    limits = {resource.RLIMIT_CPU: request.cpu, resource.RLIMIT_FSIZE: request.file_size, resource.RLIMIT_CORE: 0}
    if "tasks" not in request.allow:  # compilers and runtimes reserve far more than they use
        limits[resource.RLIMIT_AS] = request.memory
    for limit, bound in limits.items():
        resource.setrlimit(limit, (bound, bound))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
