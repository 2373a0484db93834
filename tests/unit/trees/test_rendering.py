import pytest

from repomill.canonical import Json
from repomill.errors import ExpressionFailed, RenderingTooLarge, UnsafeTree
from repomill.trees.rendering import Limits, Reference, referenced_names, references, render_folder, render_value
from repomill.trees.tree import TreeFile

SCOPE: dict[str, Json] = {"name": "Billing", "docs": False, "package": "a.b", "evil": "../up"}


def rendered(**files: str) -> dict[str, str]:
    """Render files given as keywords; `__` in a keyword stands for `/`, `DOT` for a dot."""
    tree = [TreeFile(name.replace("__", "/").replace("DOT", "."), text.encode()) for name, text in files.items()]
    return {file.path: file.content.decode() for file in render_folder(tree, SCOPE, "tpl")}


def test_only_templates_are_rendered_and_they_lose_the_suffix() -> None:
    files = rendered(aDOTpyDOTj2="{{ name }}\n", bDOTtxt="{{ name }}\n")
    assert files == {"a.py": "Billing\n", "b.txt": "{{ name }}\n"}


def test_binary_files_and_modes_pass_through() -> None:
    files = (TreeFile("b.bin", b"\0\xff", "100755"), TreeFile("run.j2", b"{{ name }}", "100755"))
    assert tuple(render_folder(files, SCOPE, "tpl")) == (files[0], TreeFile("run", b"Billing", "100755"))


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("{{ name|lower }}/{{ name }}.py.j2", "billing/Billing.py"),
        ("{{ package|replace('.', '-') }}/x.py", "a-b/x.py"),
        ("{{ package|split('.')|join('\\x2f') }}/x.py", "a/b/x.py"),
        ("__init__.py.j2", "__init__.py"),
        ("src/_internal/x", "src/_internal/x"),
        ("_top", "_top"),
    ],
)
def test_names_of_files_and_folders_are_rendered(source: str, path: str) -> None:
    assert [file.path for file in render_folder([TreeFile(source, b"")], SCOPE, "tpl")] == [path]


@pytest.mark.parametrize("source", ["{% if docs %}x.md{% endif %}.j2", "{% if docs %}docs{% endif %}/a/x.md"])
def test_a_name_that_renders_empty_leaves_the_file_out(source: str) -> None:
    assert tuple(render_folder([TreeFile(source, b"{{ nope }}")], SCOPE, "tpl")) == ()


def test_a_template_that_changed_under_its_name_is_not_taken_for_the_old_one() -> None:
    assert [rendered(aDOTj2=source) for source in ("1", "2", "1")] == [{"a": "1"}, {"a": "2"}, {"a": "1"}]


def test_macros_are_included_and_not_written() -> None:
    source = "{% import '_macros/m.j2' as m %}{% from '_macros/m.j2' import hi %}{{ m.hi(1) }}{{ hi(2) }}"
    assert rendered(a=source, aDOTtxtDOTj2=source, _macros__mDOTj2="{% macro hi(x) %}<{{ x }}>{% endmacro %}") == {
        "a": source,
        "a.txt": "<1><2>",
    }


def test_templates_extend_each_other() -> None:
    base = "[{% block b %}base{% endblock %}]"
    child = "{% extends '_t/base' %}{% block b %}{{ super() }}+{{ name }}{% endblock %}"
    assert rendered(cDOTj2=child, _t__base=base) == {"c": "[base+Billing]"}


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "other"])
def test_includes_stay_in_the_folder(name: str) -> None:
    with pytest.raises(ExpressionFailed, match="there is no template"):
        rendered(aDOTj2="{% include '" + name + "' %}")


def test_a_fault_in_an_included_file_names_that_file() -> None:
    with pytest.raises(ExpressionFailed) as caught:
        rendered(aDOTj2="{% include '_m/b' %}", _m__b="\n\n{{ nope }}")
    assert (caught.value.place, caught.value.line) == ("tpl/_m/b", 3)


def test_a_syntax_fault_names_its_file() -> None:
    with pytest.raises(ExpressionFailed) as caught:
        rendered(aDOTj2="{% include '_m/b' %}", _m__b="\n{% if %}")
    assert (caught.value.place, caught.value.line) == ("tpl/_m/b", 2)


def test_a_fault_in_a_name_names_the_path() -> None:
    with pytest.raises(ExpressionFailed) as caught:
        tuple(render_folder([TreeFile("{{ nope }}/a", b"")], SCOPE, "tpl"))
    assert caught.value.place == "the path tpl/{{ nope }}/a"


def test_a_template_that_is_no_text_is_refused() -> None:
    with pytest.raises(ExpressionFailed, match="utf-8"):
        tuple(render_folder([TreeFile("a.j2", b"\xff")], SCOPE, "tpl"))


def test_a_name_that_leaves_the_tree_is_refused() -> None:
    with pytest.raises(UnsafeTree):
        tuple(render_folder([TreeFile("{{ evil }}", b"")], SCOPE, "tpl"))


def test_two_files_with_one_rendered_name_are_refused() -> None:
    with pytest.raises(UnsafeTree, match="twice"):
        rendered(aDOTj2="1", a="2")


def test_the_limits_hold_for_each_file() -> None:
    files = [TreeFile(f"{n}.j2", b"x" * 60) for n in range(5)]
    assert len(tuple(render_folder(files, SCOPE, "tpl", Limits(characters=100)))) == 5
    with pytest.raises(RenderingTooLarge, match=r"tpl/a\.j2"):
        tuple(render_folder([TreeFile("a.j2", b"x" * 101)], SCOPE, "tpl", Limits(characters=100)))


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("{{ [name, 1] }}", ["Billing", 1]),
        ("{{ docs }}", False),
        ("{{ docs }} ", "False "),
        ("{{ name }}{{ name }}", "BillingBilling"),
        ("plain", "plain"),
        ("", ""),
        ("{% if docs %}x{% endif %}", ""),
    ],
)
def test_a_lone_expression_gives_its_value_and_anything_else_text(source: str, value: object) -> None:
    assert render_value(source, SCOPE, "field") == value


@pytest.mark.parametrize(
    ("source", "paths"),
    [
        ("{{ nodes.plan.output.modules[0] }}", {("nodes", "plan", "output", "modules", 0)}),
        ("{{ nodes['plan'].output }}", {("nodes", "plan", "output")}),
        ("{{ nodes[inputs.x].output }}", {("nodes",), ("inputs", "x")}),
        ("{% for m in inputs.xs %}{{ m.y }}{{ loop.index }}{% endfor %}", {("inputs", "xs")}),
        ("{% set p = nodes.plan %}{{ p.output }}{{ range(3) }}", {("nodes", "plan")}),
        ("{{ inputs.a|replace(inputs.b, 'x') }}", {("inputs", "a"), ("inputs", "b")}),
        ("{% macro m(x) %}{{ x.y }}{{ inputs.z }}{% endmacro %}", {("inputs", "z")}),
        ("{{ (inputs.a or inputs.b).c }}", {("inputs", "a"), ("inputs", "b")}),
        ("{{ inputs.xs[1:n] }}", {("inputs", "xs"), ("n",)}),
        ("{% with a=b %}{{ a }}{{ c }}{% endwith %}", {("b",), ("c",)}),
        ("{% if x %}{% set y = 1 %}{% endif %}{{ y }}", {("x",), ("y",)}),
        ("{% if x %}{% set y = 1 %}{% else %}{% set y = 2 %}{% endif %}{{ y }}", {("x",)}),
        ("{% if a %}{% elif b %}{% set c = d %}{% endif %}", {("a",), ("b",), ("d",)}),
        (
            "{% for a, b in c if a.x and e %}{{ b }}{% else %}{{ a }}{% endfor %}{{ loop }}",
            {("c",), ("e",), ("a",), ("loop",)},
        ),
        ("{% macro m(a, b=c) %}{{ a }}{{ varargs }}{{ m(d) }}{% endmacro %}{{ m(b) }}", {("c",), ("d",), ("b",)}),
        ("{% call(u) m(q) %}{{ u }}{{ w }}{% endcall %}", {("m",), ("q",), ("w",)}),
        ("{% set x | replace(a, '') %}{{ y }}{% endset %}{{ x }}", {("a",), ("y",)}),
        ("{% filter replace(a, b) %}{{ c }}{% endfilter %}", {("a",), ("b",), ("c",)}),
        ("{% import m as m %}{% from 'q' import a as b, c %}{{ m.x }}{{ b }}{{ c }}{{ a }}", {("m",), ("a",)}),
        ("{% set ns.x = y %}{% set n = namespace() %}{% set n.x = z %}", {("ns",), ("y",), ("z",)}),
        ("{{ x }}{% set x = x.y %}{{ x.z }}", {("x",), ("x", "y")}),
        ("{% block b %}{{ super() }}{{ self.b() }}{{ q }}{% endblock %}", {("q",)}),
        ("{% include a %}{{ f(b, *c, **d) }}", {("a",), ("f",), ("b",), ("c",), ("d",)}),
        ("nothing", set()),
    ],
)
def test_the_names_a_template_uses_are_known_without_rendering(source: str, paths: set[object]) -> None:
    assert referenced_names(source, "field") == paths


def test_a_reference_has_its_line_and_says_whether_absence_is_coped_with() -> None:
    source = "{{ a.b }}\n{{ c.d|default(e) }}\n{% if f is defined %}{% endif %}"
    assert references(source, "field") == (
        Reference(("a", "b"), 1, needed=True),
        Reference(("c", "d"), 2, optional=True),
        Reference(("e",), 2),
        Reference(("f",), 3, optional=True),
    )


NEEDING = [
    "{{ x.a }}", "a {{ x.a }}", "{{ x.a.b }}", "{{ x.a[0] }}", "{{ x.a + 1 }}", "{{ 1 + x.a }}", "{{ [1] + x.a }}",
    "{{ 'a' + x.a }}", "{{ 2 * x.a - 1 }}", "{{ 'a' * x.a }}", "{{ 1 / x.a }}", "{{ 1 // x.a }}", "{{ -x.a }}",
    "{{ not x.a }}", "{{ 'a' ~ x.a }}", "{{ x.a == 1 }}", "{{ 1 == x.a }}", "{{ 'a' == x.a }}", "{{ [] != x.a }}",
    "{{ none == x.a }}", "{{ 1 < x.a < 3 }}", "{{ 1 in x.a }}", "{{ 1 not in x.a }}", "{{ x.a and true }}",
    "{{ x.a or true }}", "{{ 1 if x.a else 2 }}", "{{ x.a | length }}", "{{ x.a | count > 3 }}", "{{ x.a | list }}",
    "{{ x.a | join }}", "{{ x.a | upper }}", "{{ x.a | lower ~ 'b' }}", "{% if x.a %}{% endif %}",
    "{% if x.a > 1 and true %}{% endif %}", "{% for b in x.a %}{% endfor %}",
]  # fmt: skip
COPING = [
    "{{ x.a | default(1) }}", "{{ x.a is defined }}", "{{ x and x.a }}", "{{ true or x.a }}", "{{ [x.a] | length }}",
    "{{ 1 if true else x.a }}", "{{ x.a in [] }}", "{{ 3 < 2 < x.a }}", "{{ x.a | default(1) | upper }}",
    "{% set b = x.a %}", "{% if x %}{{ x.a }}{% endif %}", "{% for b in [] %}{{ x.a }}{% endfor %}",
    "{% macro m() %}{{ x.a }}{% endmacro %}", "{{ (x.a | default([])) + [1] }}", "{% set x = {'a': 1} %}{{ x.a }}",
]  # fmt: skip


@pytest.mark.parametrize("source", NEEDING)
def test_what_is_called_needed_makes_every_rendering_without_it_fail(source: str) -> None:
    assert [reference.path[0] for reference in references(source, "field") if reference.needed] == ["x"]
    with pytest.raises(ExpressionFailed):
        render_value(source, {"x": None}, "field")


@pytest.mark.parametrize("source", COPING)
def test_what_a_rendering_may_do_without_is_not_called_needed(source: str) -> None:
    assert not any(reference.needed for reference in references(source, "field") if len(reference.path) > 1)
    render_value(source, {"x": None}, "field")


@pytest.mark.parametrize(("source", "line"), [("\n{{ (1 }}", 2), ("\n\n{{ x|nofilter }}", 3), ("{{ x is notest }}", 1)])
def test_a_template_that_cannot_be_compiled_has_no_references(source: str, line: int) -> None:
    with pytest.raises(ExpressionFailed) as caught:
        referenced_names(source, "field")
    assert (caught.value.place, caught.value.line) == ("field", line)
