"""Conditions: a value compared with others, conditions joined by `all`, `any` and `not`, or an expression."""

from typing import Annotated, Any, Final, Self, Union

from pydantic import AfterValidator, Discriminator, Field, Tag, WithJsonSchema, model_validator

from repomill.nodes._as_written import AsWritten
from repomill.workflow.field_paths import FIELD_PATH
from repomill.workflow.patterns import check_pattern
from repomill.workflow.templates import is_template

_JOINS: Final = ("all", "any", "not_")
_SUBJECTS: Final = ("value", "field")
_EXPRESSION: Final = {"type": ["boolean", "string", "null"]}


def check_expression(value: Any) -> Any:
    """Refuse what can never be true or false, before a run and after rendering."""
    if isinstance(value, str) and (is_template(value) or value.strip().lower() in {"true", "false"}):
        return value
    if not isinstance(value, bool | None):
        expression = f"; write '{{{{ {value} }}}}' for an expression" if isinstance(value, str) else ""
        raise ValueError(f"{value!r} is neither true nor false{expression}")  # noqa: TRY004  # Pydantic takes this one
    return value


def _sort(value: Any) -> str:
    return "condition" if isinstance(value, dict | Condition) else "expression"


class Condition(AsWritten):
    """Compares a `value` or a `field`, or joins other conditions; of several comparisons all must hold."""

    value: Annotated[Any, Field(description="What is compared, an expression as a rule.")] = None
    field: Annotated[
        str | None,
        Field(pattern=f"^{FIELD_PATH}$", description="What is compared, as a path: `nodes.plan.output.items[0].kind`."),
    ] = None
    equals: Annotated[Any, Field(description="It is the same JSON value.")] = None
    not_equals: Annotated[Any, Field(description="It is another JSON value.")] = None
    contains: Annotated[Any, Field(description="A text holds this text, a list this item, an object this key.")] = None
    starts_with: Annotated[str | None, Field(description="The text starts with this.")] = None
    ends_with: Annotated[str | None, Field(description="The text ends with this.")] = None
    greater: Annotated[Any, Field(description="It is more: numbers by value, texts by their characters.")] = None
    greater_or_equal: Annotated[Any, Field(description="It is as much or more.")] = None
    less: Annotated[Any, Field(description="It is less.")] = None
    less_or_equal: Annotated[Any, Field(description="It is as much or less.")] = None
    in_: Annotated[Any, Field(alias="in", description="It is one of this list.")] = None
    exists: Annotated[bool | str | None, Field(description="It is there and not null; or, with false, it is not.")] = (
        None
    )
    regex: Annotated[
        str | None,
        AfterValidator(check_pattern),
        Field(description="The regular expression is found in the text; `^` and `$` bind it to the ends."),
    ] = None
    all: Annotated[tuple["When", ...] | None, Field(min_length=1, description="All of these hold.")] = None
    any: Annotated[tuple["When", ...] | None, Field(min_length=1, description="One of these holds.")] = None
    not_: Annotated[Union["When", None], Field(alias="not", description="This does not hold.")] = None

    @property
    def comparisons(self) -> tuple[str, ...]:
        """The comparisons that were written down; one with null counts."""
        return tuple(name for name in COMPARISONS if name in self.model_fields_set)

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        joins = [name for name in _JOINS if name in self.model_fields_set]
        subjects = [name for name in _SUBJECTS if name in self.model_fields_set]
        if len(joins) + len(subjects) != 1:
            raise ValueError("give one of 'value', 'field', 'all', 'any' and 'not'")
        if joins and self.comparisons:
            raise ValueError(f"{self.comparisons[0].rstrip('_')!r} goes with 'value' or 'field'")
        if subjects and not self.comparisons:
            raise ValueError("it compares with nothing; give 'equals', 'contains', 'greater', 'exists', 'regex' or so")
        return self


COMPARISONS: Final = tuple(name for name in Condition.model_fields if name not in {*_JOINS, *_SUBJECTS})

_Expression = Annotated[Any, AfterValidator(check_expression), WithJsonSchema(_EXPRESSION), Tag("expression")]
When = Annotated[Annotated[Condition, Tag("condition")] | _Expression, Discriminator(_sort)]
"""A condition, or an expression that gives true or false."""

Condition.model_rebuild()
