"""Rendering values and configurations, and telling what they use."""

from typing import Annotated, Any

import pytest
from pydantic import Field

from repomill.canonical import Json
from repomill.errors import ExpressionFailed, RepomillError
from repomill.nodes.base import NodeConfig, Raw
from repomill.workflow.expressions import referenced_paths, references, render_config, render_value

SCOPE: dict[str, Json] = {
    "inputs": {"name": "Ada", "count": 3, "ratio": 0.5, "on": True, "none": None},
    "variables": {"licence": "MIT"},
    "nodes": {"plan": {"output": {"modules": [{"name": "core"}, {"name": "api"}], "items": "an item"}}},
}


class Inner(NodeConfig):
    text: str = ""
    schema_: Annotated[dict[str, Any], Raw(), Field(alias="schema", default_factory=dict)]


class Config(NodeConfig):
    prompt: str
    limit: Annotated[int, Field(gt=0)] = 1
    names: tuple[str, ...] = ()
    raw: Annotated[dict[str, Any] | None, Raw()] = None
    inner: Inner | None = None
    listed: tuple[Inner, ...] = ()
    table: Annotated[dict[str, Inner], Field(default_factory=dict)]


def render(value: Json) -> Json:
    return render_value(value, SCOPE, "plan")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("{{ inputs.count }}", 3),
        ("{{ inputs.ratio }}", 0.5),
        ("{{ inputs.on }}", True),
        ("{{ inputs.none }}", None),
        ("{{ inputs.count + 1 }}", 4),
        ("{{ inputs.name }}", "Ada"),
        ("{{ nodes.plan.output.modules }}", [{"name": "core"}, {"name": "api"}]),
        ("{{ nodes.plan.output.modules | map(attribute='name') | list }}", ["core", "api"]),
        ("{{ nodes.plan.output['items'] }}", "an item"),
        ("{{ nodes.plan.output.items }}", "an item"),
        ("{{- inputs.count -}}", 3),
        ("{{ {'a': 1} }}", {"a": 1}),
        ("{{ (1, 2) }}", [1, 2]),
        ("{{ range(3) }}", [0, 1, 2]),
        ("{{ '}}' }}", "}}"),
        ("{{ inputs.missing | default('x') }}", "x"),
    ],
)
def test_a_sole_expression_gives_its_own_value(expression: str, value: Json) -> None:
    rendered = render(expression)
    assert rendered == value
    assert type(rendered) is type(value)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Hello {{ inputs.name }}", "Hello Ada"),
        ("{{ inputs.count }}{{ inputs.count }}", "33"),
        ("{{ inputs.name }} {{ inputs.count }}", "Ada 3"),
        ("{{ inputs.count }}\n", "3\n"),
        ("{% if inputs.on %}yes{% endif %}", "yes"),
        ("no expression", "no expression"),
        ("a { brace", "a { brace"),
    ],
)
def test_any_other_string_gives_text(template: str, text: str) -> None:
    assert render(template) == text


def test_values_are_rendered_at_every_depth_and_keys_are_not() -> None:
    assert render({"{{ inputs.name }}": ["{{ inputs.count }}", {"x": "{{ variables.licence }}"}, 7]}) == {
        "{{ inputs.name }}": [3, {"x": "MIT"}, 7]
    }


@pytest.mark.parametrize(
    "expression",
    [
        "{{ inputs.missing }}",
        "{{ nothing }}",
        "{{ 1 / 0 }}",
        "{{ inputs.name + 1 }}",
        "{{ 1e308 * 10 }}",
        "{{ 1 + }}",
        "{% if %}",
    ],
)
def test_an_expression_that_fails_names_its_place(expression: str) -> None:
    with pytest.raises(ExpressionFailed) as caught:
        render({"a": [expression]})
    assert caught.value.place == "plan/a/0"


@pytest.mark.parametrize(
    "expression",
    [
        "{{ ''.__class__ }}",
        "{{ inputs.__class__.__mro__ }}",
        "{{ inputs['__class__'] }}",
        "{{ range.__globals__ }}",
        "{{ self.__init__ }}",
        "{{ inputs.update({'a': 1}) }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ ().__class__.__bases__[0].__subclasses__() }}",
        "{{ '{0.__class__}'.format(inputs) }}",
        "{{ inputs | attr('__class__') }}",
        "{{ range }}",
    ],
)
def test_no_python_object_is_reached(expression: str) -> None:
    with pytest.raises(ExpressionFailed):
        render(expression)


@pytest.mark.parametrize(
    "expression",
    ["{{ 'x' * 1000000000 }}", "{{ range(1000000000) | list }}", "{{ [0] * 1000000000 }}", "{{ 10 ** 100000000 }}"],
)
def test_an_expression_cannot_take_all_memory(expression: str) -> None:
    with pytest.raises(RepomillError):
        render(expression)


def test_a_configuration_is_rendered_and_checked() -> None:
    raw = {"prompt": "Write {{ inputs.name }}", "limit": "{{ inputs.count }}", "names": "{{ ['a', 'b'] }}"}
    config = render_config(Config, raw, SCOPE, "plan")
    assert config == Config.model_validate({"prompt": "Write Ada", "limit": 3, "names": ["a", "b"]})


def test_a_number_may_stand_for_text() -> None:
    assert render_config(Config, {"prompt": "{{ inputs.count }}"}, SCOPE, "plan").prompt == "3"


def test_raw_fields_are_taken_as_they_are_at_every_depth() -> None:
    inner = {"text": "{{ inputs.name }}", "schema": {"title": "{{ inputs.name }}"}}
    raw = {"prompt": "x", "raw": {"a": "{{ x }}"}, "inner": inner, "listed": [inner], "table": {"schema": inner}}
    config = render_config(Config, raw, SCOPE, "plan")
    assert config.raw == {"a": "{{ x }}"}
    for found in (config.inner, config.listed[0], config.table["schema"]):
        assert found == Inner.model_validate({"text": "Ada", "schema": inner["schema"]})


def test_a_rendered_value_of_the_wrong_type_names_its_field() -> None:
    with pytest.raises(ExpressionFailed, match="input should be greater than 0") as caught:
        render_config(Config, {"prompt": "{{ inputs }}", "limit": "{{ inputs.count - 3 }}"}, SCOPE, "plan")
    assert caught.value.place == "plan/prompt"
    assert "plan/limit" in caught.value.reason


def test_references_are_the_paths_an_expression_uses() -> None:
    text = "{{ nodes.plan.output.modules[0].name }} {% for m in nodes['write'].output %}{{ m.x }}{% endfor %}"
    assert referenced_paths({"a": [text], "b": "{{ inputs.name | default(variables.licence) }}"}, "plan") == {
        ("nodes", "plan", "output", "modules", 0, "name"),
        ("nodes", "write", "output"),
        ("inputs", "name"),
        ("variables", "licence"),
    }


def test_a_reference_knows_its_line_and_whether_it_may_be_absent() -> None:
    found = references("one\n{{ inputs.a }}\n{{ inputs.b | default('') }}", "plan")
    assert [(reference.path[1], reference.line, reference.optional) for reference in found] == [
        ("a", 2, False),
        ("b", 3, True),
    ]
    assert references("plain", "plan") == ()


def test_references_leave_raw_fields_out() -> None:
    assert referenced_paths({"prompt": "{{ a }}", "raw": {"x": "{{ b }}"}}, "plan", (Config,)) == {("a",)}


def test_references_of_a_broken_expression_name_the_line() -> None:
    with pytest.raises(ExpressionFailed) as caught:
        references("fine\n{{ broken", "plan")
    assert (caught.value.place, caught.value.line) == ("plan", 2)
