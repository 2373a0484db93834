"""How a specification names tools: `tools: [NAME, {NAME: {settings}}]`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, ValidationError, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from repomill.canonical import Json
from repomill.errors import ToolNameTaken
from repomill.tools.base import Opened, ToolContext, Toolset, ToolSettings
from repomill.workflow._nearest import did_you_mean

FIRST_CALL = 600
"""Number of the first call that opening tools makes within its node, beyond those of the agent (500)."""


class ToolUse(BaseModel):
    """One entry of `tools`; the settings are those of the toolset's declaration, with its defaults filled in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(description="Name of a tool; `repomill node list` prints which there are.")]
    settings: Annotated[dict[str, Any], Field(default_factory=dict, description="What the tool takes.")]

    @model_validator(mode="before")
    @classmethod
    def _from_entry(cls, entry: object) -> object:
        """Take a name, an object with one key, or what `model_dump` gave."""
        if isinstance(entry, str):
            return {"name": entry, "settings": {}}
        if isinstance(entry, dict) and set(entry) == {"name", "settings"}:
            return entry
        if isinstance(entry, dict) and len(entry) == 1:
            [(name, settings)] = entry.items()
            return {"name": name, "settings": {} if settings is None else settings}
        raise ValueError("a tool is its name, or an object with one key, the name, and its settings")

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        known = _known()
        if self.name not in known:
            hint = did_you_mean(self.name, known)
            raise ValueError(f"there is no tool {self.name!r}" + (f", {hint}" if hint else ""))
        try:
            settings = known[self.name].settings_model.model_validate(self.settings)
        except ValidationError as error:
            raise ValueError(_faults(self.name, error)) from error
        object.__setattr__(self, "settings", settings.model_dump(mode="json", by_alias=True))
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe what people write."""
        return {"anyOf": [{"type": "string"}, {"type": "object", "minProperties": 1, "maxProperties": 1}]}

    def toolset(self) -> Toolset[Any]:
        """Return the declaration."""
        return _known()[self.name]

    def understood(self) -> ToolSettings:
        """Return the settings as the declaration has them."""
        settings: ToolSettings = self.toolset().settings_model.model_validate(self.settings)
        return settings

    def sources(self) -> tuple[str, ...]:
        """Return the sources it uses."""
        return self.toolset().sources(self.understood())

    def upstream(self) -> tuple[str, ...]:
        """Return the nodes whose files it shows."""
        return self.toolset().upstream(self.understood())

    def version(self) -> Json:
        """Return what tells it from other versions of itself."""
        declaration = self.toolset()
        return {"version": declaration.version, "package": declaration.package}


async def open_tools(uses: Sequence[ToolUse], context: ToolContext, stack: AsyncExitStack) -> Opened:
    """Return all functions of one agent run.

    Raises:
        ToolNameTaken: two functions have one name.
        RepomillError: what opening a tool raises.
    """
    if uses:
        context = replace(context, calls=context.calls.numbered_from(FIRST_CALL))
    opened = [await use.toolset().open(use.understood(), context, stack) for use in uses]
    functions = tuple(function for each in opened for function in each.functions)
    twice = [name for name, times in Counter(function.name for function in functions).items() if times > 1]
    if twice:
        raise ToolNameTaken(context.node_path, twice[0])
    return Opened(functions, next((each.tree for each in opened if each.tree is not None), None))


def _known() -> Mapping[str, Toolset[Any]]:
    from repomill.tools.registry import tools  # which imports every declaration

    return tools()


def _faults(name: str, error: ValidationError) -> str:
    faults = [f"{'.'.join(map(str, (name, *each['loc'])))}: {each['msg']}" for each in error.errors()]
    return "; ".join(faults)
