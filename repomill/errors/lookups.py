"""Errors of references that mean nothing, or more than one thing."""

from dataclasses import dataclass
from typing import ClassVar

from repomill.errors.base import BadInput, JsonObject, UserActionRequired


@dataclass(eq=False)
class NotFound(BadInput):
    """Nothing has this id, name or prefix."""

    reference: str
    noun: ClassVar[str] = "object"
    code: ClassVar[str] = "not_found"
    message: ClassVar[str] = "There is no {noun} {reference!r}."
    hint: ClassVar[str] = "`repomill {noun} list` prints what there is."

    def facts(self) -> JsonObject:
        """Add the noun, which the texts print."""
        return super().facts() | {"noun": self.noun}


class WorkflowNotFound(NotFound):
    """No stored workflow has this name, id or prefix."""

    code: ClassVar[str] = "workflow_not_found"
    noun: ClassVar[str] = "workflow"


class ExecutionNotFound(NotFound):
    """No execution has this id or prefix."""

    code: ClassVar[str] = "execution_not_found"
    noun: ClassVar[str] = "execution"


class GeneratedProjectNotFound(NotFound):
    """No generated project has this id or prefix."""

    code: ClassVar[str] = "project_not_found"
    noun: ClassVar[str] = "project"


class UserNotFound(NotFound):
    """The organisation has no user of this name."""

    code: ClassVar[str] = "user_not_found"
    noun: ClassVar[str] = "user"
    hint: ClassVar[str] = "The first user is called `default`."


class MemoryNotFound(NotFound):
    """No conversation has this key, id or prefix."""

    code: ClassVar[str] = "memory_not_found"
    noun: ClassVar[str] = "memory"


class ProjectNotFound(NotFound):
    """No project has this name."""

    code: ClassVar[str] = "project_name_not_found"
    noun: ClassVar[str] = "project"


class ProjectFileNotFound(NotFound):
    """The generated project has no such file."""

    code: ClassVar[str] = "file_not_found"
    noun: ClassVar[str] = "file"
    hint: ClassVar[str] = "`repomill project files ID` prints what there is."


class ExportNotFound(NotFound):
    """No export has this id."""

    code: ClassVar[str] = "export_not_found"
    noun: ClassVar[str] = "export"
    hint: ClassVar[str] = "`repomill project show ID` prints a project's exports."


@dataclass(eq=False)
class AmbiguousReference(BadInput):
    """More than one object starts with this prefix."""

    noun: str
    reference: str
    matches: tuple[str, ...]
    code: ClassVar[str] = "reference_ambiguous"
    message: ClassVar[str] = "{reference!r} could be more than one {noun}: {matches}."
    hint: ClassVar[str] = "Give more of the id."


class TemplateNotFound(NotFound):
    """The workflow version was stored without this template folder."""

    code: ClassVar[str] = "template_not_found"
    noun: ClassVar[str] = "template folder"
    hint: ClassVar[str] = "Name the folder in the specification as it is, not by an expression."


@dataclass(eq=False)
class TemplateRefNotFound(BadInput):
    """A Git template has neither a tag of this name nor such a commit."""

    url: str
    ref: str
    code: ClassVar[str] = "template_ref_not_found"
    message: ClassVar[str] = "{url} has no tag and no commit {ref!r}."
    hint: ClassVar[str] = "`ref` is a tag or a full commit id; a branch would move."


@dataclass(eq=False)
class CopierTemplateFailed(BadInput):
    """A Copier template cannot be stored or rendered."""

    template: str
    reason: str
    code: ClassVar[str] = "copier_template_failed"
    message: ClassVar[str] = "The Copier template {template} cannot be used: {reason}"
    hint: ClassVar[str] = "Mend the template, or try `copier copy` with the same answers beside it."


@dataclass(eq=False)
class CopierAnswersInvalid(BadInput):
    """The answers do not fit a Copier template's questions; `problems` are sentences, each naming its question."""

    template: str
    problems: tuple[str, ...]
    code: ClassVar[str] = "copier_answers_invalid"
    message: ClassVar[str] = "The answers do not fit the Copier template {template}: {listed}"
    hint: ClassVar[str] = "Write them under `copier.answers` of the node; nobody is asked during a run."

    def facts(self) -> JsonObject:
        """Add the joined list, which the message prints."""
        return super().facts() | {"listed": "; ".join(self.problems)}


@dataclass(eq=False)
class CopierTemplateNotTrusted(UserActionRequired):
    """A Copier template brings code that its node does not allow."""

    template: str
    features: tuple[str, ...]
    code: ClassVar[str] = "copier_template_not_trusted"
    message: ClassVar[str] = "The Copier template {template} needs {listed}, which its node does not allow."
    hint: ClassVar[str] = (
        "Its code would run on the worker. If you trust the template, write `allow: [{listed}]` under `copier`."
    )

    def facts(self) -> JsonObject:
        """Add the joined list, which the texts print."""
        return super().facts() | {"listed": ", ".join(self.features)}
